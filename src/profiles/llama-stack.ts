import { anthropic } from '../dialects/anthropic.js';
import { firstLlamaStack, llamaStack, type StackDialects } from '../dialects/llama-stack.js';
import { openai, responses } from '../dialects/openai.js';
import { problem } from '../dialects/problem.js';
import { API_ROUTES, COMMON_ROUTES, type Route, type StepName } from '../pipeline/routes.js';
import type { Profile } from './profile.js';

/** A listener that is used like a Llama Stack or OGX server. */
export const llamaStackProfile = profileIn(llamaStack);

/** The same with the bodies of the first generations. */
export const firstLlamaStackProfile = profileIn(firstLlamaStack);

function profileIn(dialects: StackDialects): Profile {
  const { usual, plain } = dialects;
  const words = new Map([
    [openai, usual],
    [responses, dialects.responses],
  ]);
  // Models, chat, completions, embeddings, responses: by scope, as on every listener.
  const inference = API_ROUTES.filter(
    ({ path, dialect, logged }) => logged && path.startsWith('/v1/') && dialect !== anthropic && dialect !== problem,
  ).map((route) => ({ ...route, dialect: words.get(route.dialect) ?? plain }));
  const routes: readonly Route[] = [
    ...COMMON_ROUTES.map((route) => ({ ...route, dialect: plain })),
    ...inference,
    ...['/v1/health', '/health'].flatMap((path) => open(path, 'answerHealth', plain)),
    ...['/v1/version', '/version'].flatMap((path) => open(path, 'answerVersion', plain)),
  ];
  return { name: 'llama-stack', routes: () => routes, fallback: rest(plain), door: usual };
}

type PlainDialect = StackDialects['plain'];

/** Public for GET alone: the contract wants a token even for HEAD. */
function open(path: string, step: StepName, dialect: PlainDialect): Route[] {
  const route = { path, scope: null, dialect, logged: false };
  return [
    { ...route, method: 'GET', steps: [step] },
    { ...route, method: 'HEAD', steps: ['identify', 'authorize', step] },
  ];
}

/** Whatever else such a server has: files, vector stores, tools. The route rules decide, and no rule means no. */
function rest(dialect: PlainDialect): Route {
  return {
    method: '*',
    path: '/*',
    scope: { within: 'infer' },
    dialect,
    steps: ['identify', 'authorizeRest', 'findStack', 'readRest', 'pick', 'forward'],
    logged: true,
  };
}
