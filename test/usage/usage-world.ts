import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { silentLog, type Log } from '../../src/core/log.js';
import { openSqlite, type SqlRow } from '../../src/storage/sqlite/driver.js';
import { openUsage, type Usage } from '../../src/storage/usage-log.js';
import type { RequestRow } from '../../src/usage/request-row.js';

export const BASE_MS = 1_800_000_000_000;

/** The system's clock, whose time of day can be set and whose periods can be made to pass now. */
export interface TestClock extends Clock {
  nowMs: number;
  /** Fires everything that repeats with this period. */
  pass(periodMs: number): void;
}

export function testClock(): TestClock {
  const periods: { periodMs: number; fire: () => void }[] = [];
  return {
    nowMs: BASE_MS,
    now() {
      return this.nowMs;
    },
    monotonic: systemClock.monotonic,
    after: systemClock.after,
    every(periodMs, fire) {
      periods.push({ periodMs, fire });
      return () => undefined;
    },
    pass(periodMs) {
      for (const period of periods) if (period.periodMs === periodMs) period.fire();
    },
  };
}

/** A directory that is removed after the test. */
export function newDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'keyporter-usage-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export async function openHere(
  dir: string,
  more: { clock?: Clock; log?: Log; requestLogDays?: number; ledgerDays?: number } = {},
): Promise<Usage> {
  const usage = await openUsage({
    dir,
    clock: testClock(),
    log: silentLog,
    requestLogDays: 30,
    ledgerDays: 400,
    ...more,
  });
  onTestFinished(() => usage.close());
  return usage;
}

/** What lies in the file, read beside the store. */
export function query(dir: string, sql: string): SqlRow[] {
  const database = openSqlite(join(dir, 'usage.db'), { file: 'existing', readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

export function requestRow(number: number, more: Partial<RequestRow> = {}): RequestRow {
  return {
    id: `req_${number}`,
    startedAtMs: BASE_MS + number,
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    code: null,
    reason: null,
    keyId: 'abcdefghijkl',
    previousSecret: false,
    owner: 'alice',
    address: '192.0.2.1',
    model: 'qwen3',
    replica: 'http://127.0.0.1:8080',
    streamed: true,
    firstByteMs: 12.5,
    durationMs: 80.25,
    bytesIn: 500,
    bytesOut: 320,
    attempts: 1,
    correlationId: null,
    userAgent: 'test/1',
    ...more,
  };
}

/** Every row the log holds under a filter, page by page. */
export async function allRows(
  usage: Usage,
  filter: Parameters<Usage['requests']['list']>[0] = {},
  limit = 1000,
): Promise<RequestRow[]> {
  const rows: RequestRow[] = [];
  for (let after: string | null = ''; after !== null;) {
    const page: { data: RequestRow[]; next: string | null } = await usage.requests.list(filter, {
      limit,
      ...(after === '' ? {} : { after }),
    });
    rows.push(...page.data);
    after = page.next;
  }
  return rows;
}
