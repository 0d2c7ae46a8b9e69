import { createHash, hash } from 'node:crypto';
import type { Caller } from '../core/caller.js';
import { headerValue } from '../core/headers.js';
import type { Attempt } from '../replicas/lost-places.js';
import type { Exchange } from './exchange.js';

/** Client libraries count their attempts at one request, from 0. */
const RETRY_COUNT = 'x-stainless-retry-count';

/**
 * How a later attempt at the same can be known: the same caller sends the same bytes to the same route. Read
 * while the body is as it came. Null where it was not read in whole.
 */
export function attemptOf({ body, upload, request, model }: Exchange, caller: Caller): Attempt | null {
  if (body === null || upload !== undefined) return null;
  const { method, path, query, headers } = request;
  const name = headerValue(headers, 'idempotency-key');
  return {
    callerId: caller.id,
    lineage: caller.lineage,
    isRetry: /^[1-9]\d{0,5}$/.test(headerValue(headers, RETRY_COUNT) ?? ''),
    idempotencyKey: name === undefined ? null : hash('sha256', name, 'base64url'),
    digest: () =>
      createHash('sha256')
        .update(JSON.stringify([method, path, query, model?.name]))
        .update(body)
        .digest('base64url'),
  };
}
