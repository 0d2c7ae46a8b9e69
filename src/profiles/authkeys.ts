import type { Dialect } from '../core/exchange.js';
import { anthropic } from '../dialects/anthropic.js';
import { authkeys, authkeysOver } from '../dialects/authkeys.js';
import { openai, responses } from '../dialects/openai.js';
import type { Route, StepName } from '../pipeline/routes.js';
import type { Profile } from './profile.js';

const PROXIED: readonly StepName[] = ['authkeysGate', 'authorize', 'authkeysModel', 'admit', 'authkeysForward'];
const PROXIED_RESPONSE: readonly StepName[] = [
  'authkeysGate',
  'authorize',
  'authkeysModel',
  'continueResponse',
  'admit',
  'authkeysForward',
];
const BOUND_TO_REPLICA: readonly StepName[] = ['authkeysGate', 'authorize', 'findResponse', 'authkeysForward'];
const MODEL_LIST: readonly StepName[] = ['authkeysGate', 'authorize', 'authkeysModels'];
const MODEL: readonly StepName[] = ['authkeysGate', 'authorize', 'answerModels'];

const needs = (needed: string): { needed: string } => ({ needed });

interface Proxied {
  scope?: Route['scope'];
  dialect?: Dialect;
  steps?: readonly StepName[];
}

function proxied(
  method: string,
  path: string,
  { scope = needs('infer'), dialect = authkeys, steps = PROXIED }: Proxied = {},
): Route {
  return { method, path, scope, dialect, steps, logged: true };
}

function management(method: string, path: string, { needed, step }: { needed: string; step: StepName }): Route {
  return {
    method,
    path,
    scope: needs(needed),
    dialect: authkeys,
    steps: ['authkeysGate', 'authorize', step],
    logged: true,
  };
}

/** What the tokens of this contract are managed with. */
const MANAGEMENT: readonly Route[] = [
  management('GET', '/list_tokens', { needed: 'keys:read', step: 'authkeysList' }),
  management('POST', '/create_token', { needed: 'keys:write', step: 'authkeysCreate' }),
  management('POST', '/revoke_token', { needed: 'keys:revoke', step: 'authkeysRevoke' }),
];

const overOpenai = authkeysOver(openai);
const overResponses = authkeysOver(responses);

/** The inference routes, each with the scope it has elsewhere. */
const INFERENCE: readonly Route[] = [
  proxied('POST', '/v1/chat/completions', { scope: needs('infer:chat'), dialect: overOpenai }),
  proxied('POST', '/v1/completions', { scope: needs('infer:chat'), dialect: overOpenai }),
  proxied('POST', '/v1/messages', { scope: needs('infer:chat'), dialect: authkeysOver(anthropic) }),
  proxied('POST', '/v1/embeddings', { scope: needs('infer:embeddings') }),
  proxied('POST', '/v1/rerank', { scope: needs('infer:rerank') }),
  proxied('POST', '/v1/score', { scope: needs('infer:rerank') }),
  proxied('POST', '/v1/responses', { scope: needs('infer:chat'), dialect: overResponses, steps: PROXIED_RESPONSE }),
  proxied('GET', '/v1/responses/{id}', { scope: needs('infer:chat'), dialect: overResponses, steps: BOUND_TO_REPLICA }),
  proxied('DELETE', '/v1/responses/{id}', {
    scope: needs('infer:chat'),
    dialect: overResponses,
    steps: BOUND_TO_REPLICA,
  }),
  proxied('GET', '/v1/models', { scope: { within: 'infer' }, steps: MODEL_LIST }),
  proxied('GET', '/v1/models/{model}', { scope: { within: 'infer' }, steps: MODEL }),
];

/** What else of the API is passed on, by every method the original took, with the scope it needs. The rest of /v1 is not there: engines keep controls under it. */
const FAMILIES: Readonly<Record<string, string>> = {
  chat: 'infer:chat',
  completions: 'infer:chat',
  messages: 'infer:chat',
  embeddings: 'infer:embeddings',
  rerank: 'infer:rerank',
  reranking: 'infer:rerank',
  score: 'infer:rerank',
  audio: 'infer:audio',
  images: 'infer:images',
  moderations: 'infer',
  files: 'infer',
  uploads: 'infer',
  batches: 'infer',
};
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

function withFamilies(known: readonly Route[]): readonly Route[] {
  const taken = new Set(known.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}$/, '*')}`));
  const rest = Object.entries(FAMILIES).flatMap(([family, needed]) =>
    pathsOf(family).flatMap((path) => METHODS.map((method) => proxied(method, path, { scope: needs(needed) }))),
  );
  return [...known, ...rest.filter(({ method, path }) => !taken.has(`${method} ${path}`))];
}

/** A path that is known by itself is not found below the open one, whatever its method. */
function pathsOf(family: string): readonly string[] {
  const open = [`/v1/${family}`, `/v1/${family}/*`];
  return family === 'chat' ? [...open, '/v1/chat/completions'] : open;
}

/** Anybody may ask which methods a path takes. */
function withOptions(routes: readonly Route[]): readonly Route[] {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const options = paths.map((path): Route => {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
    return { method: 'OPTIONS', path, scope: null, dialect: authkeys, steps: ['authkeysOptions'], logged: true, allow };
  });
  return [...routes, ...options];
}

const ROUTES = withOptions([...MANAGEMENT, ...withFamilies(INFERENCE)]);

/** A listener for the clients of Llama-Server-AuthKeys. Its tokens may stand in the body, here and nowhere else. */
export const authkeysProfile: Profile = {
  name: 'authkeys',
  routes: () => ROUTES,
  // Whoever shows no token does not even learn which paths there are.
  fallback: {
    method: '*',
    path: '*',
    scope: null,
    dialect: authkeys,
    steps: ['authkeysOptions', 'authkeysGate', 'authorize', 'authkeysUnmatched'],
    logged: true,
  },
  door: authkeys,
};
