import { expect } from 'vitest';
import type { SqlRow } from '../../src/storage/sqlite/driver.js';
import type { Ledger, LedgerEntry, LedgerRow, Settlement } from '../../src/usage/ledger.js';
import { BASE_MS, query } from './usage-world.js';

export function entry(number: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    requestId: `req_${number}`,
    atMs: BASE_MS + number,
    callerId: 'abcdefghijkl',
    owner: 'alice',
    model: 'qwen3',
    path: '/v1/chat/completions',
    streamed: true,
    inputTokens: 100,
    outputTokens: 1024,
    ...more,
  };
}

export function settlement(more: Partial<Settlement> = {}): Settlement {
  return {
    inputTokens: 90,
    outputTokens: 70,
    cachedTokens: null,
    certainty: 'reported',
    gpuSeconds: 0.5,
    gpuCertainty: 'reported',
    status: 200,
    code: null,
    queuedMs: 1.5,
    firstByteMs: 12.25,
    durationMs: 80.125,
    ...more,
  };
}

/** What a start makes of a request that a crash left open. */
export function orphaned(open: LedgerEntry): LedgerRow {
  const { inputTokens, outputTokens } = open;
  const nothing = { cachedTokens: null, gpuSeconds: 0, queuedMs: 0, firstByteMs: null, durationMs: 0 };
  const certainty = { certainty: 'estimated', gpuCertainty: 'estimated' } as const;
  return { ...open, settled: { inputTokens, outputTokens, status: 499, code: 'orphaned', ...certainty, ...nothing } };
}

export async function allLedgerRows(
  ledger: Ledger,
  question: Partial<Parameters<Ledger['rows']>[0]> = {},
): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for await (const piece of ledger.rows({ sinceMs: 0, untilMs: BASE_MS * 2, ...question })) rows.push(...piece);
  return rows;
}

const SUMS = `count(*) AS requests, sum(status >= 400 OR code IS NOT NULL) AS failed, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(ifnull(cached_tokens, 0)) AS cached_tokens, sum(certainty = 2) AS estimated,
  sum(gpu_us) AS gpu_us, sum(gpu_us * (1 - gpu_reported)) AS gpu_us_estimated, sum(duration_us) AS duration_us,
  sum(queued_us) AS queued_us`;

/** Fails unless the kept sums are what the rows add up to, and no request is there twice. */
export function expectBalanced(ask: (sql: string) => SqlRow[]): void {
  for (const [period, microseconds] of [
    ['hour', 3_600_000_000],
    ['day', 86_400_000_000],
  ] as const) {
    const added = ask(
      `SELECT position / ${microseconds} AS ${period}, subject, ${SUMS} FROM ledger GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(ask(`SELECT * FROM ledger_${period}s ORDER BY 1, 2`)).toEqual(added);
  }
  expect(ask('SELECT request_id FROM ledger GROUP BY request_id HAVING count(*) > 1')).toEqual([]);
  expect(ask('SELECT * FROM ledger_open JOIN ledger USING (request_id)')).toEqual([]);
}

/** `expectBalanced` of a file. */
export function expectBalancedFile(dir: string): void {
  expectBalanced((sql) => query(dir, sql));
}
