import type { CanonicalRequest } from '../core/exchange.js';
import { headerValue } from '../core/headers.js';

/** Answers of ours that scripts may read. */
const EXPOSED = [
  'x-request-id',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'anthropic-ratelimit-requests-limit',
  'anthropic-ratelimit-requests-remaining',
  'anthropic-ratelimit-requests-reset',
  ...['tokens', 'input-tokens', 'output-tokens'].flatMap((of) => [
    `anthropic-ratelimit-${of}-limit`,
    `anthropic-ratelimit-${of}-remaining`,
    `anthropic-ratelimit-${of}-reset`,
  ]),
].join(', ');
const ALLOWED = new Set([
  'accept',
  'accept-language',
  'authorization',
  'content-type',
  'x-api-key',
  'api-key',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'idempotency-key',
  'last-event-id',
  'x-request-id',
  'x-correlation-id',
  'x-client-request-id',
  'user-agent',
]);
const MAX_ASKED = 100;

export interface Cors {
  /** Headers for any answer to this request; empty when its origin is not allowed. */
  headers(request: CanonicalRequest): readonly string[];
  /** Headers of the answer to a preflight; null when this is none. No credential is looked at. */
  preflight(request: CanonicalRequest): readonly string[] | null;
}

const NONE: readonly string[] = [];

export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const isAllowed = (origin: string | null): origin is string =>
    origin !== null && (allowed.has(origin) || allowed.has('*'));
  return {
    headers({ origin }) {
      if (!isAllowed(origin)) return NONE;
      return ['access-control-allow-origin', origin, 'vary', 'origin', 'access-control-expose-headers', EXPOSED];
    },
    preflight(request) {
      if (request.method !== 'OPTIONS' || request.origin === null) return null;
      if (headerValue(request.headers, 'access-control-request-method') === undefined) return null;
      if (!isAllowed(request.origin)) return NONE;
      return [
        'access-control-allow-origin',
        request.origin,
        'vary',
        'origin, access-control-request-headers',
        'access-control-allow-methods',
        'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers',
        echoed(headerValue(request.headers, 'access-control-request-headers') ?? ''),
        'access-control-max-age',
        '7200',
      ];
    },
  };
}

/** Those of the asked-for headers that clients of these APIs are known to send. */
function echoed(asked: string): string {
  const names = asked
    .toLowerCase()
    .split(',', MAX_ASKED)
    .map((name) => name.trim());
  return names.filter((name) => ALLOWED.has(name) || /^x-stainless-[a-z-]{1,40}$/.test(name)).join(', ');
}
