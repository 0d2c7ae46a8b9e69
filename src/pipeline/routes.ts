import { anthropic } from '../dialects/anthropic.js';
import { oauth } from '../dialects/oauth.js';
import { openai, plain, responses } from '../dialects/openai.js';
import { problem } from '../dialects/problem.js';
import type { Dialect } from '../core/exchange.js';
import type { EngineStepName } from './engine-step-name.js';
import { VERIFY_PATH } from './verify-question.js';

/** The stages there are; `create-steps.ts` gives each its code. */
export type StepName =
  | EngineStepName
  | 'identify'
  | 'identifyAdmin'
  | 'authorizeAdmin'
  | 'requireOwnPage'
  | 'readSignIn'
  | 'redirectToUi'
  | 'answerUi'
  | 'authorize'
  | 'readBody'
  | 'readAdminBody'
  | 'authorizeModel'
  | 'continueResponse'
  | 'findResponse'
  | 'admit'
  | 'pick'
  | 'forward'
  | 'answerModels'
  | 'answerAdmin'
  | 'answerAlive'
  | 'answerReady'
  | 'answerName'
  | 'answerMetrics'
  | 'answerHealth'
  | 'answerVersion'
  | 'authorizeRest'
  | 'findStack'
  | 'readRest'
  | 'authkeysOptions'
  | 'authkeysGate'
  | 'authkeysUnmatched'
  | 'authkeysList'
  | 'authkeysCreate'
  | 'authkeysRevoke'
  | 'authkeysModels'
  | 'authkeysModel'
  | 'authkeysForward'
  | 'identifyOrchestra'
  | 'admitToStatus'
  | 'readInfer'
  | 'authorizeInfer'
  | 'pickInfer'
  | 'forwardInfer'
  | 'answerOrchestraName'
  | 'answerWorkers'
  | 'refuseUnknownPath'
  | 'identifyAsker'
  | 'readForm'
  | 'answerVerify'
  | 'answerLlamaStack'
  | 'answerIntrospect';

/** What a route asks for and which stages it passes, in their order. */
export interface Route {
  method: string;
  /**
   * Canonical path; `{name}` takes one name, which may have slashes: the rest of the path, or all up to the
   * end that is written behind it. `/*` at the end takes everything below.
   */
  path: string;
  /** The scope it needs; `within` is content with any scope under it; null = any known caller. */
  scope: { needed: string } | { within: string } | null;
  dialect: Dialect;
  steps: readonly StepName[];
  /** Counted and logged as a request of a model; the rest is housekeeping. */
  logged: boolean;
  /** Walked in its place for clients of the Messages API, which say so in each request. */
  forAnthropic?: Route;
  /** Taken by a WebSocket handshake and by nothing else. */
  upgrades?: true;
  /** The contract streams unless the body says otherwise. */
  streamsByItself?: true;
  /** The methods of the path, for a route that answers OPTIONS. */
  allow?: readonly string[];
  /** A body may come along and is not read: it belongs to the request that is asked about. */
  ignoresBody?: true;
  /** Answers proxies and servers that ask about a key of somebody else. */
  aboutKeys?: true;
}

// Nobody without a key makes us hold a body, and the model is judged on the body that is sent.
const FORWARDED = ['identify', 'authorize', 'readBody', 'authorizeModel', 'admit', 'pick', 'forward'] as const;
const FORWARDED_RESPONSE = [
  'identify',
  'authorize',
  'readBody',
  'authorizeModel',
  'continueResponse',
  'admit',
  'pick',
  'forward',
] as const;
const BOUND_TO_REPLICA = ['identify', 'authorize', 'findResponse', 'pick', 'forward'] as const;
const MODEL_LIST = ['identify', 'authorize', 'answerModels'] as const;
const OWN_KEY = ['identify', 'authorize', 'readAdminBody', 'answerAdmin'] as const;
const ADMIN = ['identifyAdmin', 'authorizeAdmin', 'readAdminBody', 'answerAdmin'] as const;
/** Who signs in is known only when the body was read. */
const SIGN_IN = ['requireOwnPage', 'readSignIn', 'answerAdmin'] as const;

export const needs = (needed: string): { needed: string } => ({ needed });
export const inference = (path: string, scope: Route['scope'], dialect: Dialect): Route => ({
  method: 'POST',
  path,
  scope,
  dialect,
  steps: FORWARDED,
  logged: true,
});
const housekeeping = (method: string, path: string, steps: readonly StepName[]): Route => ({
  method,
  path,
  scope: null,
  dialect: plain,
  steps,
  logged: false,
});
const own = (method: string, path: string): Route => ({ ...housekeeping(method, path, OWN_KEY), dialect: problem });

/** A route without one of these stages takes no body. */
const READS_BODY: ReadonlySet<StepName> = new Set<StepName>([
  'readEngineBody',
  'readParts',
  'authkeysGate',
  'readBody',
  'readInfer',
  'readAdminBody',
  'readSignIn',
  'readForm',
  'readRest',
]);

export function takesBody({ steps, method }: Route): boolean {
  return steps.some((step) => READS_BODY.has(step) && (step !== 'readAdminBody' || method !== 'GET'));
}

/** Every route of an api listener. What is not here does not exist. */
export const API_ROUTES: readonly Route[] = [
  inference('/v1/chat/completions', needs('infer:chat'), openai),
  inference('/v1/completions', needs('infer:chat'), openai),
  inference('/v1/messages', needs('infer:chat'), anthropic),
  inference('/v1/messages/count_tokens', { within: 'infer' }, anthropic),
  inference('/v1/responses/input_tokens', { within: 'infer' }, plain),
  inference('/v1/embeddings', needs('infer:embeddings'), plain),
  inference('/v1/rerank', needs('infer:rerank'), plain),
  inference('/v2/rerank', needs('infer:rerank'), plain),
  inference('/v1/score', needs('infer:rerank'), plain),
  { ...inference('/v1/responses', needs('infer:chat'), responses), steps: FORWARDED_RESPONSE },
  {
    method: 'GET',
    path: '/v1/responses/{id}',
    scope: needs('infer:chat'),
    dialect: responses,
    steps: BOUND_TO_REPLICA,
    logged: true,
  },
  {
    method: 'DELETE',
    path: '/v1/responses/{id}',
    scope: needs('infer:chat'),
    dialect: responses,
    steps: BOUND_TO_REPLICA,
    logged: true,
  },
  { method: 'GET', path: '/v1/models', scope: { within: 'infer' }, dialect: plain, steps: MODEL_LIST, logged: true },
  {
    method: 'GET',
    path: '/v1/models/{model}',
    scope: { within: 'infer' },
    dialect: plain,
    steps: MODEL_LIST,
    logged: true,
  },
  own('GET', '/me'),
  own('POST', '/me/revoke'),
  own('POST', '/me/rotate'),
  own('POST', '/me/derive'),
  housekeeping('GET', '/health', ['answerAlive']),
  housekeeping('GET', '/v1/health', ['answerAlive']),
];

/** On every listener. */
export const COMMON_ROUTES: readonly Route[] = [
  housekeeping('GET', '/', ['answerName']),
  housekeeping('GET', '/healthz', ['answerAlive']),
  housekeeping('GET', '/readyz', ['answerReady']),
];

const SESSION_PATH = '/admin/v1/session';
const forAdmins = (method: string, path: string, steps: readonly StepName[] = ADMIN): Route => ({
  ...housekeeping(method, path, steps),
  dialect: problem,
});
const ADMIN_METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const;

/** On admin listeners and the unix socket. The admin app knows what lies below. */
export const ADMIN_ROUTES: readonly Route[] = [
  ...ADMIN_METHODS.map((method) => forAdmins(method, '/admin/v1/*')),
  ...ADMIN_METHODS.map((method) => forAdmins(method, SESSION_PATH, method === 'POST' ? SIGN_IN : ADMIN)),
];

/** The web UI, on admin listeners: files for a browser, which need no key and hold no secret. */
export const UI_ROUTES: readonly Route[] = [
  forAdmins('GET', '/ui', ['redirectToUi']),
  forAdmins('GET', '/ui/', ['answerUi']),
  forAdmins('GET', '/ui/*', ['answerUi']),
];

/** On listeners that serve the metrics. */
export const METRICS_ROUTES: readonly Route[] = [
  { ...housekeeping('GET', '/metrics', ['identify', 'authorize', 'answerMetrics']), scope: needs('metrics:read') },
];

const about = (path: string, steps: readonly StepName[], dialect: Dialect): Route => ({
  method: 'POST',
  path,
  scope: needs('auth:verify'),
  dialect,
  steps,
  logged: true,
  aboutKeys: true,
});
const anyMethod = (path: string): Route[] =>
  ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
    ...about(path, ['answerVerify'], plain),
    method,
    ignoresBody: true,
  }));

/** Questions about keys, on api and verify listeners. Whoever asks is known before the key in question is looked at. */
export const VERIFY_ROUTES: readonly Route[] = [
  ...anyMethod(VERIFY_PATH),
  ...anyMethod(`${VERIFY_PATH}/`),
  ...anyMethod(`${VERIFY_PATH}/*`),
  about('/auth/llama-stack', ['identifyAsker', 'readAdminBody', 'answerLlamaStack'], plain),
  about('/auth/introspect', ['readForm', 'answerIntrospect'], oauth),
];
