import type { z } from '@hono/zod-openapi';
import type { RequestFilter, RequestRow } from '../usage/request-row.js';
import { requestListQuery, requestListSchema } from './contract-activity.js';
import { defined } from './defined.js';
import { followRows } from './follow.js';
import { defineOperation, type Operation } from './operation.js';
import { boundOwner } from './rights.js';
import { requestToWire } from './wire-activity.js';

export const requestOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/requests',
    summary: 'List finished requests, newest first, or follow them as they finish',
    access: { scope: 'usage:read' },
    query: requestListQuery,
    reply: requestListSchema,
    async run({ query, caller, context, signal }) {
      const bound = boundOwner(caller);
      const filter = filterOf(query);
      const foreign = bound !== null && filter.owner !== undefined && filter.owner !== bound;
      if (bound !== null) filter.owner = bound;
      if (query.follow === '1' || query.follow === 'true') {
        const watch = (take: (row: object) => void): (() => void) =>
          context.ports.requests.watch((row) => {
            if (!foreign && fits(row, filter)) take(requestToWire(row));
          });
        return followRows({ watch, clock: context.settings.clock, signal });
      }
      if (foreign) return { data: [], next: null };
      const page = await context.ports.requests.list(filter, defined({ limit: query.limit, after: query.after }));
      return { data: page.data.map(requestToWire), next: page.next };
    },
  }),
];

function filterOf(query: z.output<typeof requestListQuery>): RequestFilter {
  const { owner, model, status, key_id: keyId, since } = query;
  return defined({ owner, model, status, keyId, sinceMs: since === undefined ? undefined : since * 1000 });
}

/** The same filter as the store's, for rows that have not reached it yet. */
function fits(row: RequestRow, filter: RequestFilter): boolean {
  if (filter.keyId !== undefined && row.keyId !== filter.keyId) return false;
  if (filter.owner !== undefined && row.owner !== filter.owner) return false;
  if (filter.model !== undefined && row.model !== filter.model) return false;
  if (filter.sinceMs !== undefined && row.startedAtMs < filter.sinceMs) return false;
  return filter.status === undefined || hasStatus(row.status, filter.status);
}

function hasStatus(status: number, wanted: string): boolean {
  return wanted.endsWith('xx') ? Math.floor(status / 100) === Number(wanted.charAt(0)) : status === Number(wanted);
}
