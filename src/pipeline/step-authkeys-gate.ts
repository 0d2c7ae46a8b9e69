import { decide } from '../access/decide.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { scanObject, type TopMember } from '../http/json-scan.js';
import { withoutMember } from '../http/without-member.js';
import { credentialsOf, refuseKeyInQuery } from '../identity/credentials.js';
import { parseKey } from '../keys/format.js';
import { ROOT, ROOT_TOKEN } from './authkeys-root.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

/** Bodies of callers who are not known yet, held at one time. */
const MOST_UNKNOWN_BODIES = 64;
/** `application/json` and `application/...+json`, with parameters. */
const JSON_TYPE = /^application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;

/** True when the body of the request is announced as JSON that is not packed. */
function isJson({ request: { contentType, contentEncoding } }: Exchange): boolean {
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') return false;
  return contentType !== null && JSON_TYPE.test(contentType);
}

/**
 * Who is calling, by the token in the body, else by the header slots? Adds the caller and the body
 * without its token. Refuses with 401 when nobody is, 503 while too many unknown callers send bodies.
 */
export function createAuthkeysGate(parts: Parts): Step {
  let unknownBodies = 0;
  const read = async (exchange: Exchange): Promise<Buffer | null> => {
    const { request, source } = exchange;
    if (request.contentLength === 0) return null;
    const bounds = { maxBytes: parts.settings().authkeys.max_body_bytes, contentLength: request.contentLength };
    if (await isVouchedFor(exchange, parts)) return source.readBody(bounds);
    if (unknownBodies >= MOST_UNKNOWN_BODIES) {
      throw new Refusal('overloaded', {
        message: 'Too many requests wait to show their token. Try again in a moment.',
        headers: ['retry-after', '1'],
      });
    }
    unknownBodies += 1;
    try {
      return await source.readBody(bounds);
    } finally {
      unknownBodies -= 1;
    }
  };
  return async (exchange) => {
    const { request } = exchange;
    request.query = withoutToken(request.query);
    refuseKeyInQuery(request.query, (text) => parseKey(text)?.canonical ?? null);
    const body = await read(exchange);
    exchange.bodyRead = true;
    const shown = body !== null && isJson(exchange) ? takeToken(body) : { token: undefined, body: null };
    exchange.body = shown.body;
    const caller = shown.token === undefined ? await byHeader(exchange, parts) : await byToken(shown.token, parts);
    if (caller === null) {
      parts.throttle.failed(exchange.request.address);
      throw new Refusal('invalid_api_key', { reason: 'unknown or mistyped token' });
    }
    exchange.caller = caller;
  };
}

/** The original looked at no `token` in the query. Nor do we; and since it may be a secret, it goes nowhere. */
function withoutToken(query: string): string {
  if (query === '') return query;
  return query
    .split('&')
    .filter((part) => new URLSearchParams(part).get('token') === null)
    .join('&');
}

/** A header that shows a key of ours that can be used: such a caller never waits behind strangers. */
async function isVouchedFor({ request }: Exchange, { identity, clock }: Parts): Promise<boolean> {
  try {
    for (const credential of credentialsOf(request)) {
      if (parseKey(credential) === null) continue;
      const caller = await identity.callerWith(credential);
      const asked = { scope: null, model: null, address: request.address };
      if (decide({ caller, asked, nowSeconds: unixSeconds(clock) }).allowed) return true;
    }
    return false;
  } catch (cause) {
    // Which header is at fault is said once it is the headers that decide.
    if (cause instanceof Refusal) return false;
    throw cause;
  }
}

async function byHeader({ request }: Exchange, { identity }: Parts): Promise<Caller | null> {
  const caller = await identity.identify(request);
  if (caller?.kind === 'local')
    throw new Refusal('missing_api_key', { reason: 'this listener lets nobody in by address' });
  return caller;
}

function byToken(token: unknown, { identity, authkeysRoot }: Parts): Promise<Caller | null> {
  if (typeof token !== 'string') return Promise.resolve(null);
  return Promise.resolve(identity.callerWith(token)).then(
    async (caller) => caller ?? (token === ROOT_TOKEN && (await authkeysRoot()) ? ROOT : null),
  );
}

/** The token of a body; undefined when it has none, and then the body is as it came. */
function takeToken(bytes: Buffer): { token: unknown; body: Buffer } {
  const members = scanned(bytes);
  const at = members.findIndex(({ name }) => name === 'token');
  const member = members[at];
  if (member === undefined) return { token: undefined, body: bytes };
  const token = JSON.parse(bytes.toString('utf8', member.from, member.to)) as unknown;
  return { token: isNothing(token) ? undefined : token, body: withoutMember(bytes, members, at) };
}

/**
 * What is no JSON object has no token; whoever is known by a header is told what is wrong with it later.
 * One that two readers could read differently is refused at once.
 */
function scanned(bytes: Buffer): readonly TopMember[] {
  try {
    return scanObject(bytes);
  } catch (cause) {
    if (cause instanceof Refusal && cause.code === 'invalid_json') return [];
    throw cause;
  }
}

/** What the original took for no value at all. */
export function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
