import { isKnownScope } from '../access/scope.js';
import { openEndpoint } from './endpoint-source.js';
import { guardOf, type KeyGuard, type Refused } from './frameworks.js';
import { openGateway } from './gateway-source.js';
import { Denial } from './holder.js';
import { openHashes } from './hash-source.js';
import type { KeySource, OpenedSource } from './source.js';

export interface GuardOptions {
  /** Scopes a caller needs, all of them. Left out, `{ url }` asks for `infer` and the others for none. */
  scopes?: readonly string[];
}

/**
 * A guard for routes of an Express, Fastify or Hono program: only requests with a good key get
 * through. Nobody gets through while the source cannot be asked. Throws a `TypeError` for a source
 * or options that cannot be meant.
 */
export function requireKey(source: KeySource, { scopes = [] }: GuardOptions = {}): KeyGuard {
  if (!Array.isArray(scopes) || scopes.some((scope) => typeof scope !== 'string' || scope === ''))
    throw new TypeError('requireKey: scopes must be a list of scopes.');
  const opened = open(source, scopes);
  return guardOf(async (request) => {
    try {
      return { holder: await opened.findHolder({ request, scopes }) };
    } catch (cause) {
      return { refused: refusal(cause, opened) };
    }
  });
}

function open(source: KeySource, scopes: readonly string[]): OpenedSource {
  if ('sha256' in source) return openHashes(source);
  if ('endpoint' in source) return openEndpoint(source);
  if (!('url' in source)) throw new TypeError('requireKey: the source must have endpoint, url and key, or sha256.');
  const unknown = scopes.find((scope) => !isKnownScope(scope));
  if (unknown !== undefined) throw new TypeError(`requireKey: Keyporter has no scope "${unknown}".`);
  return openGateway(source);
}

/** A failure of the guard itself lets nobody in and tells nothing. */
function refusal(cause: unknown, { body }: OpenedSource): Refused {
  const denial = cause instanceof Denial ? cause : new Denial(503, 'Keys cannot be checked now. Try again later.');
  return {
    status: denial.status,
    headers: { 'content-type': 'application/json', ...denial.headers },
    body: body(denial.message),
  };
}
