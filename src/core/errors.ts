import type { FlatHeaders } from './headers.js';

/** Who has to act when an error of this kind is seen. */
export type ErrorOwner = 'caller' | 'operator' | 'replica' | 'gateway';

export interface ErrorKind {
  status: number;
  /** `error.type` of the OpenAI body. */
  type: string;
  owner: ErrorOwner;
  /** The public sentence when the place that refuses has nothing better to say. */
  message: string;
  /** What to look at, for `docs/errors.md`. */
  check: string;
}

const CALLER = 'caller' as const;
const INVALID = 'invalid_request_error';

/**
 * Every way a request can be refused before its answer begins. Source of `docs/errors.md`, of the
 * bodies in every dialect and of the `reason` in the request log.
 */
// oxfmt-ignore
export const ERRORS = {
  bad_request: { status: 400, type: INVALID, owner: CALLER, message: 'The request is not well-formed.', check: 'The sentence names the header, path or framing at fault.' },
  invalid_json: { status: 400, type: INVALID, owner: CALLER, message: 'The body is not valid JSON.', check: 'Send UTF-8 JSON; the sentence names the byte where reading stopped.' },
  invalid_value: { status: 400, type: INVALID, owner: CALLER, message: 'A member of the body has a value that is not allowed.', check: '`param` names the member.' },
  duplicate_member: { status: 400, type: INVALID, owner: CALLER, message: 'The body names a member twice.', check: 'Send each member once; two readers could otherwise see two requests.' },
  credential_in_query: { status: 400, type: INVALID, owner: CALLER, message: 'A key must not be sent in the URL. Send it as "Authorization: Bearer <key>".', check: 'URLs end up in logs and histories: rotate that key.' },
  conflicting_credentials: { status: 400, type: INVALID, owner: CALLER, message: 'The request carries more than one credential. Send exactly one key.', check: 'Look for a second Authorization, x-api-key or api-key header.' },
  missing_api_key: { status: 401, type: INVALID, owner: CALLER, message: 'No API key was sent. Send it as "Authorization: Bearer <key>".', check: 'The client is configured without a key.' },
  invalid_api_key: { status: 401, type: INVALID, owner: CALLER, message: 'The API key is not valid. Ask whoever gave it to you for a new one.', check: '`keyporter explain` and the request log tell why: unknown, wrong, disabled, revoked, expired or from a refused address.' },
  invalid_asker: { status: 401, type: INVALID, owner: 'operator', message: 'The program that asks about a key did not prove that it may. It sends a key with the scope "auth:verify" as x-keyporter-asker.', check: 'The configuration of the proxy or server that asks; the keys of its users are not at fault.' },
  missing_scope: { status: 403, type: INVALID, owner: CALLER, message: 'This key may not use this route.', check: 'Compare the scopes of the key with the scope named in the sentence.' },
  cross_site_request: { status: 403, type: INVALID, owner: CALLER, message: 'The browser was made to send this by a page of another site, or does not say by which page. Open the web interface of this server itself.', check: 'Behind a proxy: `public_url`, and that `Origin` and `Sec-Fetch-Site` are passed on. Programs send a key in place of a cookie.' },
  model_not_named: { status: 403, type: INVALID, owner: 'operator', message: 'This key is bound to certain models, and nothing here says which model is used.', check: 'Put `?model=` into the question of the proxy, or use a key without model patterns.' },
  forbidden_host: { status: 421, type: INVALID, owner: 'operator', message: 'This server does not answer for the host name in the request.', check: 'Add the name to `allowed_hosts`, or set `public_url`.' },
  not_found: { status: 404, type: INVALID, owner: CALLER, message: 'There is nothing under this id.', check: 'Check the id; it may belong to another caller.' },
  model_not_found: { status: 404, type: INVALID, owner: CALLER, message: 'The model does not exist or you may not use it.', check: '`GET /v1/models` lists what this key may use; `keyporter explain --model` tells why.' },
  unknown_url: { status: 404, type: INVALID, owner: CALLER, message: 'There is no such route.', check: 'The sentence names the nearest route and the base URL.' },
  method_not_allowed: { status: 405, type: INVALID, owner: CALLER, message: 'This route does not take this method.', check: 'The `allow` header lists the methods.' },
  request_timeout: { status: 408, type: INVALID, owner: CALLER, message: 'The request did not arrive in time.', check: 'The upload was too slow or stopped.' },
  conflict: { status: 409, type: INVALID, owner: CALLER, message: 'The change does not fit the present state.', check: 'Read the record again and repeat the change.' },
  request_too_large: { status: 413, type: INVALID, owner: CALLER, message: 'The body is larger than this server accepts.', check: '`server.max_body_bytes`.' },
  uri_too_long: { status: 414, type: INVALID, owner: CALLER, message: 'The URL is too long.', check: 'URLs are bounded at 8 KiB.' },
  unsupported_media_type: { status: 415, type: INVALID, owner: CALLER, message: 'Send the body as application/json in UTF-8, without compression.', check: '`content-type` and `content-encoding` of the request.' },
  expectation_failed: { status: 417, type: INVALID, owner: CALLER, message: 'The only expectation this server knows is 100-continue.', check: 'Remove the `expect` header.' },
  rate_limit_exceeded: { status: 429, type: 'requests', owner: CALLER, message: 'Too many requests. Wait and try again.', check: 'The limits of the key, or failed sign-ins from this address.' },
  insufficient_quota: { status: 429, type: 'insufficient_quota', owner: 'operator', message: 'The budget of this key is used up.', check: 'The budgets of the key and its owner.' },
  headers_too_large: { status: 431, type: INVALID, owner: CALLER, message: 'The request has too many or too large headers.', check: 'At most 100 headers and 16 KiB together.' },
  client_gone: { status: 499, type: INVALID, owner: CALLER, message: 'The client went away.', check: 'Nothing was sent; this appears in the request log only.' },
  internal: { status: 500, type: 'server_error', owner: 'gateway', message: 'Keyporter failed at this request. The request id leads to the reason in its log.', check: 'The log line with this request id; please report it.' },
  upstream_error: { status: 502, type: 'server_error', owner: 'replica', message: 'The model server failed before it answered.', check: 'The log of the model server; `keyporter status`.' },
  queue_full: { status: 503, type: 'server_error', owner: 'replica', message: 'Too many requests wait for this model. Try again later.', check: 'Load, `queue` and the number of replicas.' },
  no_available_replica: { status: 503, type: 'server_error', owner: 'replica', message: 'No server for this model is available now. Try again later.', check: '`keyporter status`; is the model server up?' },
  auth_unavailable: { status: 503, type: 'server_error', owner: 'operator', message: 'Keys cannot be checked now. Try again later.', check: 'The key store or the authentication provider.' },
  store_unavailable: { status: 503, type: 'server_error', owner: 'operator', message: 'The change was not made: the store cannot be written now.', check: 'Disk space and the data directory.' },
  request_ended: { status: 503, type: 'server_error', owner: 'operator', message: 'The operator ended this request before it was answered.', check: '`streams end` was called for it.' },
  shutting_down: { status: 503, type: 'server_error', owner: 'operator', message: 'The server is shutting down. Try again later.', check: 'A restart is going on.' },
  overloaded: { status: 503, type: 'server_error', owner: 'operator', message: 'The server has too many open connections. Try again later.', check: '`server.max_connections`.' },
  upstream_timeout: { status: 504, type: 'server_error', owner: 'replica', message: 'The model server did not answer in time.', check: '`timeouts` of the model; the load of its server.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Every way a running stream can be ended by us, with the sentence of its last event. Source of `docs/errors.md`. */
export const STREAM_ENDS = {
  upstream_interrupted: 'The model server broke off before it finished. The answer above is incomplete.',
  upstream_timeout: 'The model server took too long. The answer above is incomplete.',
  key_revoked: 'The API key was revoked while this answer ran.',
  key_disabled: 'The API key was disabled while this answer ran.',
  key_expired: 'The API key expired while this answer ran.',
  stream_ended: 'The operator ended this answer.',
  server_shutting_down: 'The server is shutting down. The answer above is incomplete.',
  insufficient_quota: 'The budget of this key was used up while this answer ran.',
} as const;

export type StreamEnd = keyof typeof STREAM_ENDS;

/** The row of the table for what ended an answer; null for what only ends streams. */
export function errorKind(code: ErrorCode | StreamEnd): ErrorKind | null {
  return code in ERRORS ? ERRORS[code as ErrorCode] : null;
}

export interface RefusalDetails {
  /** What the caller reads, in place of the sentence of the table. Says what to do next. */
  message?: string;
  /** What only the log reads. */
  reason?: string;
  /** Which rule refused, by a name out of a fixed set, for those who count. */
  rule?: string;
  /** The member of the body at fault. */
  param?: string;
  /** Extra headers of the answer, flat. */
  headers?: FlatHeaders;
  /** In place of the status of the table, where a wire contract or the configuration wants another one. */
  status?: number;
  /** `error.type` of the OpenAI body, in place of the type of the table. */
  type?: string;
  /** What the wire contract of the listener calls it; dialects without such a contract use `message`. */
  inContract?: string;
  /** What it is called where only heartbeats of a stream were sent. */
  inStream?: StreamEnd;
  cause?: unknown;
}

/** The one error a stage may throw. It carries two texts: little for the caller, everything for the log. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly reason: string;
  readonly rule: string | null;
  readonly param: string | null;
  readonly headers: FlatHeaders;
  readonly status: number;
  readonly type: string;
  readonly inContract: string | null;
  readonly inStream: StreamEnd | null;

  constructor(code: ErrorCode, details: RefusalDetails = {}) {
    const publicMessage = details.message ?? ERRORS[code].message;
    super(`${code}: ${details.reason ?? publicMessage}`, { cause: details.cause });
    this.code = code;
    this.publicMessage = publicMessage;
    this.reason = details.reason ?? publicMessage;
    this.rule = details.rule ?? null;
    this.param = details.param ?? null;
    this.headers = details.headers ?? [];
    this.status = details.status ?? ERRORS[code].status;
    this.type = details.type ?? ERRORS[code].type;
    this.inContract = details.inContract ?? null;
    this.inStream = details.inStream ?? null;
  }
}
