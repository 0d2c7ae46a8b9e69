import type { Caller } from '../core/caller.js';
import { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { headerValue } from '../core/headers.js';
import { credentialsOf, refuseKeyInQuery } from '../identity/credentials.js';
import { parseKey } from '../keys/format.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { judge } from './step-identify.js';
import type { Step } from './steps.js';

/**
 * Who is calling an orchestra listener? `X-API-Key` decides alone when it is there: a record of ours
 * first, whatever its state, else the watched file. Without it a key of ours in another place counts,
 * and at `/infer` the place the caller calls from.
 */
export function createIdentifyOrchestra(parts: Parts): Step {
  const { throttle } = parts;
  return async (exchange) => {
    const { request } = exchange;
    refuseKeyInQuery(request.query, canonicalKey);
    const shown = headerValue(request.headers, 'x-api-key') ?? '';
    const caller = shown === '' ? await elsewhere(exchange, parts) : await ownerOf(shown, parts);
    if (caller !== null) {
      exchange.caller = caller;
      return;
    }
    if (shown === '' && credentialsOf(request).length === 0) throw new Refusal('missing_api_key');
    throttle.failed(request.address);
    throw new Refusal('invalid_api_key', { reason: 'the key is neither in the store nor in the key file' });
  };
}

/** The same for the views of the workers, which the operator may show to everybody. */
export function createAdmitToStatus(parts: Parts): Step {
  const identify = createIdentifyOrchestra(parts);
  return async (exchange) => {
    if (parts.orchestra.settings().openStatus) return;
    await identify(exchange);
    judge(exchange, { scope: exchange.route.scope, model: null, address: exchange.request.address }, parts);
  };
}

/** Refuses what no route fits, once it is known that somebody with a key asks. */
export const refuseUnknownPath: Step = ({ unmatched }) => {
  throw unmatched ?? new Refusal('unknown_url');
};

/** Whose key this is. What has the form of a key of ours is decided by the store alone. */
async function ownerOf(key: string, { identity, orchestra }: Parts): Promise<Caller | null> {
  const known = await identity.callerWith(key);
  if (known !== null || canonicalKey(key) !== null) return known;
  const listed = orchestra.keys.callerWith(key);
  // It may have been blocked since.
  return listed === null ? null : identity.present(listed);
}

/** A key of ours in another header, or the place: that of the key file, then that of every listener. Text that is no key of ours is ignored. */
async function elsewhere({ request, route }: Exchange, parts: Parts): Promise<Caller | null> {
  const shown = credentialsOf(request);
  const known = shown.length === 0 ? null : await identify(request, parts);
  if (known !== null || shown.some((value) => canonicalKey(value) !== null)) return known;
  if (route.path !== '/infer') return null;
  const local = parts.orchestra.keys.callerAt(placeOf(request));
  return local === null && shown.length === 0 ? identify(request, parts) : local;
}

/** Where somebody else was asked and said no, that is a wrong credential like any other. */
async function identify(request: CanonicalRequest, { identity, throttle }: Parts): Promise<Caller | null> {
  try {
    return await identity.identify(request);
  } catch (cause) {
    if (cause instanceof Refusal && cause.code === 'invalid_api_key') throttle.failed(request.address);
    throw cause;
  }
}

function placeOf({ peer, forwarded }: CanonicalRequest): { peer: string; forwarded: boolean } {
  return { peer, forwarded };
}

function canonicalKey(text: string): string | null {
  return parseKey(text)?.canonical ?? null;
}
