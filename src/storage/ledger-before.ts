import { firstPosition } from '../usage/journal-lines.js';
import type { UsedBefore } from '../usage/ledger.js';
import { DAY_MS } from './ledger-sums.js';
import type { SqliteDatabase, SqlRow } from './sqlite/driver.js';

const MINUTE_MS = 60_000;
/** No model server was given it: it is no request of its day. What a crash left open may have been sent. */
const UNSENT = "(queued_us = duration_us AND code IS NOT 'orphaned')";
const RECENT = 'SELECT *, position / 1000000 AS second FROM ledger WHERE position > ?';

/**
 * What this month (UTC) used until now, for counters that begin anew: the last minute by the second,
 * the rest of today at its beginning, and the rest of the month at the month's. No use is told twice. Requests of
 * today are those that were sent: the rows of today are read for the others.
 */
export function usedBefore(database: SqliteDatabase, nowMs: number): UsedBefore[] {
  const today = Math.floor(nowMs / DAY_MS);
  const now = new Date(nowMs);
  const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) / DAY_MS;
  const since = firstPosition(nowMs - MINUTE_MS);
  const rows = database
    .prepare(
      `SELECT caller_id, owner, model, second * 1000 AS at_ms, count(*) AS requests, total(${UNSENT}) AS unsent,
          total(input_tokens) AS input, total(output_tokens) AS output, total(gpu_us) AS gpu_us
        FROM (${RECENT}) JOIN ledger_subjects ON id = subject GROUP BY caller_id, owner, model, second`,
    )
    .all(since);
  const recent = rows.map(useOf);
  const unsent = database
    .prepare(
      `SELECT caller_id, owner, model, ?1 * ${DAY_MS} AS at_ms, count(*) AS requests, 0 AS input, 0 AS output, 0 AS gpu_us
        FROM ledger JOIN ledger_subjects ON id = subject
        WHERE position >= ?2 AND position <= ?3 AND ${UNSENT} GROUP BY caller_id, owner, model`,
    )
    .all(today, firstPosition(today * DAY_MS), since)
    .map(useOf);
  const earlier = database
    .prepare(
      `SELECT caller_id, owner, model, iif(day = ?1, ?1, ?2) * ${DAY_MS} AS at_ms, total(requests) AS requests,
          total(input_tokens) AS input, total(output_tokens) AS output, total(gpu_us) AS gpu_us
        FROM ledger_days JOIN ledger_subjects ON id = subject
        WHERE day >= ?2 AND day <= ?1 GROUP BY caller_id, owner, model, at_ms`,
    )
    .all(today, month)
    .map(useOf);
  const sent = rows.map((row) => ({ ...useOf(row), requests: Number(row['requests']) - Number(row['unsent']) }));
  return [...without(earlier, [...recent, ...unsent], (atMs) => startOf(atMs, today, month)), ...sent];
}

/** Takes away from the sums what is told by the second. */
function without(
  sums: UsedBefore[],
  recent: readonly UsedBefore[],
  startOfWindow: (atMs: number) => number,
): UsedBefore[] {
  const nameOf = (use: UsedBefore, atMs: number): string => JSON.stringify([use.callerId, use.owner, use.model, atMs]);
  const named = new Map(sums.map((sum) => [nameOf(sum, sum.atMs), sum]));
  for (const use of recent) {
    const sum = named.get(nameOf(use, startOfWindow(use.atMs)));
    if (sum === undefined) continue;
    sum.requests -= use.requests;
    sum.inputTokens -= use.inputTokens;
    sum.outputTokens -= use.outputTokens;
    sum.gpuSeconds = Math.max(0, sum.gpuSeconds - use.gpuSeconds);
  }
  return sums.filter((sum) => sum.requests > 0);
}

function startOf(atMs: number, today: number, month: number): number {
  return (atMs >= today * DAY_MS ? today : month) * DAY_MS;
}

function useOf(row: SqlRow): UsedBefore {
  return {
    callerId: String(row['caller_id']),
    owner: row['owner'] === null ? null : String(row['owner']),
    model: String(row['model']),
    atMs: Number(row['at_ms']),
    requests: Number(row['requests']),
    inputTokens: Number(row['input']),
    outputTokens: Number(row['output']),
    gpuSeconds: Number(row['gpu_us']) / 1e6,
  };
}
