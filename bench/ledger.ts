/**
 * Figures of the ledger: what a request costs, and what ten million rows change. Makes a store in a
 * temporary directory, a few minutes and about two gigabytes. Run with `npx tsx bench/ledger.ts [ROWS]`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { pause, systemClock, type Clock } from '../src/core/clock.js';
import { silentLog } from '../src/core/log.js';
import type { SqliteDatabase } from '../src/storage/sqlite/driver.js';
import { openUsage, type Usage } from '../src/storage/usage-log.js';
import { openUsageDatabase } from '../src/storage/usage-schema.js';
import type { LedgerEntry, Settlement, UsageQuestion } from '../src/usage/ledger.js';
import { quantile } from './statistics.js';

const ROWS = Number(process.argv[2] ?? 10_000_000);
const ROWS_PER_STEP = 250_000;
const KEYS = 1000;
const MODELS = 3;
const DAY_MS = 86_400_000;
const DAYS = 400;
const HOURS_KEPT_DAYS = 62;
const MONTH_DAYS = 30;
const REPEATS = 7;
const TIDY_MS = 60_000;

const SETTLED: Settlement = {
  inputTokens: 180,
  outputTokens: 240,
  cachedTokens: null,
  certainty: 'reported',
  gpuSeconds: 0.25,
  gpuCertainty: 'reported',
  status: 200,
  code: null,
  queuedMs: 1.5,
  firstByteMs: 40.25,
  durationMs: 260.5,
};

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Fills the tables from inside SQLite, the fastest way there is. */
function fill(path: string, nowMs: number): void {
  const database = openUsageDatabase(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000');
  const firstMs = nowMs - DAYS * DAY_MS;
  const today = Math.floor(nowMs / DAY_MS);
  database.exec(`${numbers(KEYS * MODELS)} INSERT INTO ledger_subjects
    SELECT n + 1, printf('key%09d', n / ${MODELS}), 'owner-' || (n / ${MODELS} % 50), 'model-' || (n % ${MODELS}),
      '/v1/chat/completions', ${today} FROM numbers`);
  for (let from = 0; from < ROWS; from += ROWS_PER_STEP) {
    fillStep(database, from, firstMs);
    if ((from / ROWS_PER_STEP) % 4 === 3) say(`  ${from + ROWS_PER_STEP} rows`);
  }
  for (const [period, unitMs, days] of [
    ['hour', DAY_MS / 24, HOURS_KEPT_DAYS],
    ['day', DAY_MS, DAYS + 1],
  ] as const)
    addUp(database, { period, unitMs, firstMs: (today - days) * DAY_MS });
  database.close();
}

function fillStep(database: SqliteDatabase, from: number, firstMs: number): void {
  const every = (DAYS * DAY_MS) / ROWS;
  const random = (salt: number, below: number): string => `((n * 2654435761 + ${salt}) / 65536 % ${below})`;
  database.exec(`${numbers(Math.min(ROWS_PER_STEP, ROWS - from), from)} INSERT INTO ledger
    SELECT CAST(${firstMs} + n * ${every} AS INTEGER) * 1000, printf('req_%020d', n),
      ${random(7, KEYS * MODELS)} + 1, 1, 150 + ${random(1, 400)}, 1024, 150 + ${random(1, 400)}, ${random(2, 1024)},
      NULL, 0, ${random(3, 9_000_000)}, 1, iif(n % 50 = 0, 502, 200), iif(n % 50 = 0, 'upstream_error', NULL),
      ${random(4, 40_000)}, ${random(5, 900_000)}, ${random(6, 9_000_000)} FROM numbers`);
}

function numbers(count: number, from = 0): string {
  return `WITH RECURSIVE numbers(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${from + count - 1})`;
}

function addUp(
  database: SqliteDatabase,
  { period, unitMs, firstMs }: { period: 'hour' | 'day'; unitMs: number; firstMs: number },
): void {
  database.exec(`INSERT INTO ledger_${period}s SELECT position / ${unitMs * 1000} AS period, subject, count(*),
    sum(status >= 400), sum(input_tokens), sum(output_tokens), 0, 0, sum(gpu_us), 0, sum(duration_us), sum(queued_us)
    FROM ledger WHERE position >= ${firstMs * 1000} GROUP BY period, subject`);
}

/** A clock whose repeating work can be started by hand. */
function handClock(): Clock & { pass(): void } {
  const tidies: (() => void)[] = [];
  return {
    ...systemClock,
    every(periodMs, fire) {
      if (periodMs === TIDY_MS) tidies.push(fire);
      return periodMs === TIDY_MS ? () => undefined : systemClock.every(periodMs, fire);
    },
    pass: () => tidies.forEach((fire) => fire()),
  };
}

const counter = { requests: 0 };

function entry(): LedgerEntry {
  counter.requests += 1;
  return {
    requestId: `req_x${String(counter.requests).padStart(19, '0')}`,
    atMs: systemClock.now(),
    callerId: `key${String(counter.requests % KEYS).padStart(9, '0')}`,
    owner: `owner-${counter.requests % 50}`,
    model: `model-${counter.requests % MODELS}`,
    path: '/v1/chat/completions',
    streamed: true,
    inputTokens: 180,
    outputTokens: 1024,
  };
}

/** Admits and settles a thousand requests a second; `done` tells when to stop. Times are from admission to disk. */
async function traffic(usage: Usage, done: () => boolean): Promise<string> {
  const waits: number[] = [];
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const cpu = process.cpuUsage();
  const began = counter.requests;
  while (!done()) {
    for (let request = 0; request < 10; request++) usage.journal.open(entry()).settle(SETTLED);
    const at = performance.now();
    await pause(10);
    if (usage.journal.lag.waiting > 0) waits.push(await onDisk(usage, at));
  }
  loop.disable();
  const { user, system } = process.cpuUsage(cpu);
  waits.sort((a, b) => a - b);
  const ms = (share: number): string => quantile(waits, share).toFixed(1);
  const cost = ((user + system) / (counter.requests - began)).toFixed(0);
  return `on disk after ${ms(0.5)} ms (p99 ${ms(0.99)}, most ${ms(1)}), event loop late by ${(loop.percentile(99) / 1e6).toFixed(1)} ms (p99, most ${(loop.max / 1e6).toFixed(1)}), ${cost} us of CPU a request`;
}

async function onDisk(usage: Usage, since: number): Promise<number> {
  while (usage.journal.lag.waiting > 0) await pause(1);
  return performance.now() - since;
}

async function forMs(usage: Usage, durationMs: number): Promise<string> {
  const end = performance.now() + durationMs;
  return await traffic(usage, () => performance.now() > end);
}

/** Microseconds of the main thread for a request whose group holds `size`. */
async function cost(usage: Usage, size: number): Promise<string> {
  let best = Infinity;
  for (let repeat = 0; repeat < 200; repeat++) {
    const entries = Array.from({ length: size }, entry);
    const before = performance.eventLoopUtilization();
    for (const one of entries) usage.journal.open(one).settle(SETTLED);
    while (usage.journal.lag.waiting > 0) await pause(2);
    best = Math.min(best, (performance.eventLoopUtilization(before).active * 1000) / size);
  }
  return best.toFixed(2);
}

async function question(usage: Usage, name: string, asked: Omit<UsageQuestion, 'untilMs'>): Promise<void> {
  const times: number[] = [];
  let sums = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const from = performance.now();
    sums = (await usage.ledger.usage({ ...asked, untilMs: systemClock.now() })).length;
    times.push(performance.now() - from);
  }
  const [first = 0] = times;
  times.sort((a, b) => a - b);
  say(`usage of ${name}: ${quantile(times, 0.5).toFixed(1)} ms, ${sums} sums (first time ${first.toFixed(1)} ms)`);
}

async function questions(usage: Usage): Promise<void> {
  const sinceMs = systemClock.now() - MONTH_DAYS * DAY_MS;
  const callerIds = ['key000000500'];
  await question(usage, 'one key for a month', { sinceMs, by: [], callerIds });
  await question(usage, 'one key for a month by day and model', { sinceMs, by: ['day', 'model'], callerIds });
  await question(usage, 'one key for a month by hour', { sinceMs, by: ['hour'], callerIds });
  await question(usage, 'one key for all time by day', { sinceMs: 0, by: ['day'], callerIds });
  await question(usage, 'one owner for a month', { sinceMs, by: ['key'], owner: 'owner-7' });
  await question(usage, 'all keys for a month', { sinceMs, by: ['key'] });
  await question(usage, 'all by hour for a month', { sinceMs, by: ['hour'] });
  const from = performance.now();
  let rows = 0;
  for await (const piece of usage.ledger.rows({ sinceMs, untilMs: systemClock.now(), callerIds })) rows += piece.length;
  say(`rows of one key for a month: ${rows} in ${(performance.now() - from).toFixed(0)} ms`);
}

async function forgetting(usage: Usage, clock: { pass(): void }): Promise<void> {
  const path = join(dir, 'usage.db');
  const from = performance.now();
  clock.pass();
  const oldestGone = async (): Promise<boolean> => {
    const untilMs = systemClock.now() - (DAYS - MONTH_DAYS + 1) * DAY_MS;
    for await (const piece of usage.ledger.rows({ sinceMs: 0, untilMs })) if (piece.length > 0) return false;
    return true;
  };
  let isGone = false;
  const watching = (async () => {
    while (!isGone) {
      await pause(2000);
      isGone = await oldestGone();
    }
  })();
  say(`while a month is forgotten: ${await traffic(usage, () => isGone)}`);
  await watching;
  say(`forgotten in ${((performance.now() - from) / 1000).toFixed(0)} s, write-ahead log ${mebibytes(`${path}-wal`)}`);
}

function mebibytes(path: string): string {
  return `${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`;
}

async function opened(ledgerDays: number, clock: Clock): Promise<Usage> {
  const from = performance.now();
  const usage = await openUsage({ dir, clock, log: silentLog, requestLogDays: 30, ledgerDays });
  let sums = 0;
  usage.onUsedBefore((used) => (sums = used.length));
  say(`opened in ${(performance.now() - from).toFixed(0)} ms with ${sums} sums of use before`);
  return usage;
}

const dir = mkdtempSync(join(tmpdir(), 'keyporter-ledger-'));
try {
  const empty = await opened(DAYS, systemClock);
  say(`empty store: ${await forMs(empty, 4000)}`);
  say(
    `main thread: ${await cost(empty, 100)} us a request in groups of 100, ${await cost(empty, 10)} us in groups of 10`,
  );
  await empty.close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(dir, `usage.db${end}`), { force: true });
  const from = performance.now();
  fill(join(dir, 'usage.db'), systemClock.now());
  const bytes = statSync(join(dir, 'usage.db')).size;
  say(
    `${ROWS} rows of ${KEYS} keys in ${((performance.now() - from) / 1000).toFixed(0)} s, ${(bytes / ROWS).toFixed(0)} bytes a row with all sums`,
  );
  const full = await opened(DAYS + 1, systemClock);
  say(`full store: ${await forMs(full, 4000)}`);
  await questions(full);
  await full.close();
  const clock = handClock();
  const forgetful = await opened(DAYS - MONTH_DAYS, clock);
  await forgetting(forgetful, clock);
  await forgetful.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
