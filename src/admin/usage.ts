import type { z } from '@hono/zod-openapi';
import type { UsageQuestion, UsageSum } from '../usage/ledger.js';
import { type UsageRowBody, usageListSchema, usageQuery } from './contract-usage.js';
import { defined } from './defined.js';
import { defineOperation, type Operation } from './operation.js';
import { boundOwner } from './rights.js';
import { keyNames } from './usage-names.js';
import { usagePage } from './usage-pages.js';
import { replayOperation } from './usage-replay.js';
import { badSpan, span } from './usage-span.js';

const DAY_SECONDS = 86_400;
const USUAL_DAYS = 7;
/** By the hour: more would be rows nobody can read. */
const MOST_DAYS_BY_HOUR = 31;

export const usageOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/usage',
    summary: 'Requests, tokens and time by key, owner, model, day or hour; the earliest first, then the most tokens',
    access: { scope: 'usage:read' },
    query: usageQuery,
    reply: usageListSchema,
    async run({ query, caller, context }) {
      const bound = boundOwner(caller);
      if (bound !== null && query.owner !== undefined && query.owner !== bound) return { data: [], next: null };
      const question = questionOf({ ...query, owner: bound ?? query.owner }, context.settings.clock.now());
      const sums = await context.ports.usage.usage(question);
      const { page, next } = usagePage(sums, query);
      const ids = page.flatMap(({ callerId }) => callerId ?? []);
      const names = await keyNames({ caller, context }, ids);
      return { data: page.map((sum) => usageToWire(sum, names)), next };
    },
  }),
  replayOperation,
];

function questionOf(query: Omit<z.output<typeof usageQuery>, 'limit' | 'after'>, nowMs: number): UsageQuestion {
  const { by, key_id: keyId, owner, model } = query;
  const { since, until } = span(query, { nowMs, usualSeconds: USUAL_DAYS * DAY_SECONDS, place: 'query' });
  if (by.includes('hour') && until - since > MOST_DAYS_BY_HOUR * DAY_SECONDS)
    throw badSpan(`By hour at most ${MOST_DAYS_BY_HOUR} days can be asked for. Ask by day, or for less.`, 'query');
  const callerIds = keyId === undefined ? undefined : [keyId];
  return defined({ sinceMs: since * 1000, untilMs: until * 1000, by, callerIds, owner, model });
}

function usageToWire(sum: UsageSum, names: ReadonlyMap<string, string>): UsageRowBody {
  return {
    key_id: sum.callerId,
    key_name: sum.callerId === null ? null : (names.get(sum.callerId) ?? null),
    owner: sum.owner,
    model: sum.model,
    day: sum.fromMs === null ? null : new Date(sum.fromMs).toISOString().slice(0, 10),
    from_at: sum.fromMs === null ? null : Math.floor(sum.fromMs / 1000),
    requests: sum.requests,
    failed: sum.failed,
    input_tokens: sum.inputTokens,
    output_tokens: sum.outputTokens,
    total_tokens: sum.inputTokens + sum.outputTokens,
    cached_tokens: sum.cachedTokens,
    estimated_requests: sum.estimated,
    gpu_seconds: sum.gpuSeconds,
    gpu_seconds_estimated: sum.gpuSecondsEstimated,
    duration_ms: sum.durationMs,
    queued_ms: sum.queuedMs,
  };
}
