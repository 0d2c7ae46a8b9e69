import { anthropic } from '../dialects/anthropic.js';
import { llamaStack, llamaStackPlain, llamaStackResponses } from '../dialects/llama-stack.js';
import { openai, responses } from '../dialects/openai.js';
import { problem } from '../dialects/problem.js';
import { API_ROUTES, COMMON_ROUTES, type Route, type StepName } from '../pipeline/routes.js';
import type { Profile } from './profile.js';

const WORDS = new Map([
  [openai, llamaStack],
  [responses, llamaStackResponses],
]);

const open = (path: string, step: StepName): Route => ({
  method: 'GET',
  path,
  scope: null,
  dialect: llamaStackPlain,
  steps: [step],
  logged: false,
});

/** Models, chat, completions, embeddings, responses: by scope, as on every listener. */
const INFERENCE: readonly Route[] = API_ROUTES.filter(
  ({ path, dialect, logged }) => logged && path.startsWith('/v1/') && dialect !== anthropic && dialect !== problem,
).map((route) => ({ ...route, dialect: WORDS.get(route.dialect) ?? llamaStackPlain }));

/** Whatever else such a server has: files, vector stores, tools. The route rules decide, and no rule means no. */
const REST: Route = {
  method: '*',
  path: '/*',
  scope: { within: 'infer' },
  dialect: llamaStackPlain,
  steps: ['identify', 'authorizeRest', 'findStack', 'readRest', 'pick', 'forward'],
  logged: true,
};

const ROUTES: readonly Route[] = [
  ...COMMON_ROUTES.map((route) => ({ ...route, dialect: llamaStackPlain })),
  ...INFERENCE,
  open('/v1/health', 'answerHealth'),
  open('/v1/version', 'answerVersion'),
];

/** A listener that is used like a Llama Stack or OGX server. */
export const llamaStackProfile: Profile = {
  name: 'llama-stack',
  routes: () => ROUTES,
  fallback: REST,
  door: llamaStack,
};
