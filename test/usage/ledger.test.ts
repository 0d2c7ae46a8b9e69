import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeKey } from '../../src/keys/format.js';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import type { Usage } from '../../src/storage/usage-log.js';
import type {
  LedgerEntry,
  LedgerRow,
  UsageGroup,
  UsageQuestion,
  UsageSum,
  UsedBefore,
} from '../../src/usage/ledger.js';
import { CanarySweep } from '../support/canary.js';
import { until } from '../support/patience.js';
import { repeats } from '../support/rounds.js';
import { allLedgerRows, entry, expectBalancedFile, orphaned, settlement } from './ledger-books.js';
import { BASE_MS, newDirectory, openHere, query, requestRow, testClock } from './usage-world.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

function write(usage: Usage, rows: readonly LedgerRow[]): void {
  for (const { settled, ...open } of rows) usage.journal.open(open).settle(settled);
}

function row(number: number, more: Partial<LedgerEntry> = {}): LedgerRow {
  return { ...entry(number, more), settled: settlement({ outputTokens: number }) };
}

function usedBefore(usage: Usage): UsedBefore[] {
  const used: UsedBefore[] = [];
  usage.onUsedBefore((all) => used.push(...all));
  return used;
}

describe('rows of the ledger', () => {
  test('come back as they went in, in the order of admission, also after the store was closed and opened', async () => {
    const dir = newDirectory();
    const rows: LedgerRow[] = [
      row(1),
      { ...entry(2, { owner: null, streamed: false }), settled: settlement({ status: 502, code: 'upstream_error' }) },
      { ...entry(3), settled: settlement({ cachedTokens: 12, certainty: 'counted', firstByteMs: null }) },
      { ...entry(4), settled: settlement({ certainty: 'estimated', gpuCertainty: 'estimated' }) },
    ];
    const usage = await openHere(dir);
    write(usage, [...rows].reverse());
    expect(await allLedgerRows(usage.ledger)).toEqual(rows);
    await usage.close();
    expect(await allLedgerRows((await openHere(dir)).ledger)).toEqual(rows);
  });

  test('are handed out in bounded pieces, of the time and the callers asked for', async () => {
    const usage = await openHere(newDirectory());
    write(
      usage,
      Array.from({ length: 12_000 }, (_, number) => row(number, { callerId: number % 3 === 0 ? 'third' : 'other' })),
    );
    const pieces: number[] = [];
    for await (const piece of usage.ledger.rows({ sinceMs: BASE_MS + 10, untilMs: BASE_MS + 11_000 }))
      pieces.push(piece.length);
    expect(pieces.length).toBeGreaterThan(2);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(5000);
    expect(pieces.reduce((sum, piece) => sum + piece)).toBe(10_990);
    const third = await allLedgerRows(usage.ledger, { callerIds: ['third'], sinceMs: BASE_MS + 1 });
    expect(third).toEqual(Array.from({ length: 3999 }, (_, at) => row(at * 3 + 3, { callerId: 'third' })));
    expect(await allLedgerRows(usage.ledger, { callerIds: [] })).toEqual([]);
  });

  test('of requests that still run are not there', async () => {
    const usage = await openHere(newDirectory());
    const open = usage.journal.open(entry(1));
    expect(await allLedgerRows(usage.ledger)).toEqual([]);
    expect(await usage.ledger.usage({ sinceMs: 0, untilMs: BASE_MS + HOUR_MS, by: ['key'] })).toEqual([]);
    open.settle(settlement());
    expect(await allLedgerRows(usage.ledger)).toHaveLength(1);
  });

  test('hold no key that a client put into a model or a path, and no text without end', async () => {
    const dir = newDirectory();
    const { id, secret } = makeKey();
    const text = secret.reveal();
    const usage = await openHere(dir);
    write(usage, [row(1, { model: 'm'.repeat(5000), path: '/'.repeat(5000) })]);
    write(usage, [row(2, { model: text, path: `/engines/${text.replaceAll('_', '')}/x` })]);
    usage.journal.open(entry(3, { model: text }));
    const [long, leaking] = await allLedgerRows(usage.ledger);
    expect([long?.model.length, long?.path.length]).toEqual([512, 512]);
    expect(leaking?.model).toBe(`kp_${id}_[secret]`);
    const sweep = new CanarySweep();
    expect((await sweep.addDirectory(dir)).length).toBeGreaterThan(1);
    expect(sweep.leaks({ key: text, compact: text.replaceAll('_', '') })).toEqual([]);
  });
});

describe('requests that a crash left open', () => {
  test('are charged at the next start as they were reserved last, once, and marked', async () => {
    const dir = newDirectory();
    const first = await openHere(dir);
    first.journal.open(entry(1)).settle(settlement());
    first.journal.open(entry(2));
    const grown = first.journal.open(entry(3, { callerId: 'other', owner: null }));
    await allLedgerRows(first.ledger);
    grown.extended(1280);
    grown.extended(1536);
    await first.close();
    const expected = [
      { ...entry(1), settled: settlement() },
      orphaned(entry(2)),
      orphaned(entry(3, { callerId: 'other', owner: null, outputTokens: 1536 })),
    ];
    for (let start = 0; start < 3; start++) {
      const usage = await openHere(dir);
      expect(await allLedgerRows(usage.ledger)).toEqual(expected);
      expect(await usage.ledger.usage({ sinceMs: 0, untilMs: BASE_MS + HOUR_MS, by: [] })).toMatchObject([
        { requests: 3, failed: 2, estimated: 2, outputTokens: 70 + 1024 + 1536 },
      ]);
      await usage.close();
    }
    expectBalancedFile(dir);
  });

  test('are told to whoever counts limits anew, together with all use of this month, and none twice', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const noon = Date.UTC(2027, 4, 20, 12);
    clock.nowMs = noon;
    const first = await openHere(dir, { clock });
    const at = (atMs: number, number: number): LedgerRow => row(number, { atMs });
    write(first, [
      at(Date.UTC(2027, 3, 30, 23, 59), 1),
      at(Date.UTC(2027, 4, 1), 2),
      at(Date.UTC(2027, 4, 19, 23), 4),
      at(Date.UTC(2027, 4, 20), 8),
      at(noon - 2 * MINUTE_MS, 16),
      at(noon - 30_500, 32),
      at(noon - 30_499, 64),
    ]);
    first.journal.open(entry(99, { atMs: noon - 10_000, callerId: 'other', owner: null }));
    await first.close();
    const again = await openHere(dir, { clock });
    const same = { callerId: 'abcdefghijkl', owner: 'alice', model: 'qwen3' };
    expect(usedBefore(again)).toEqual([
      { ...same, atMs: Date.UTC(2027, 4, 1), requests: 2, inputTokens: 180, outputTokens: 6, gpuSeconds: 1 },
      { ...same, atMs: Date.UTC(2027, 4, 20), requests: 2, inputTokens: 180, outputTokens: 24, gpuSeconds: 1 },
      { ...same, atMs: noon - 31_000, requests: 2, inputTokens: 180, outputTokens: 96, gpuSeconds: 1 },
      {
        ...{ callerId: 'other', owner: null, model: 'qwen3', atMs: noon - 10_000 },
        ...{ requests: 1, inputTokens: 100, outputTokens: 1024, gpuSeconds: 0 },
      },
    ]);
    write(again, [at(noon, 128)]);
    expect(usedBefore(again)).toEqual([]);
  });

  test('no request that was never sent is told as one of today; what a crash left open is', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const noon = Date.UTC(2027, 4, 20, 12);
    clock.nowMs = noon;
    const unsent = settlement({ queuedMs: 40, durationMs: 40, inputTokens: 0, outputTokens: 0, gpuSeconds: 0 });
    const at = (atMs: number, number: number): LedgerRow => row(number, { atMs });
    const left = (atMs: number, number: number): LedgerRow => ({ ...at(atMs, number), settled: unsent });
    const first = await openHere(dir, { clock });
    write(first, [at(noon - 9 * HOUR_MS, 1), left(noon - 9 * HOUR_MS, 2), left(noon - 2 * MINUTE_MS, 3)]);
    write(first, [at(noon - 9000, 4), left(noon - 9000, 5), left(noon - 9000, 6), left(noon - 7000, 7)]);
    first.journal.open(entry(8, { atMs: noon - 5000 }));
    await first.close();
    expect(usedBefore(await openHere(dir, { clock })).map(({ atMs, requests }) => [atMs, requests])).toEqual([
      [Date.UTC(2027, 4, 20), 1],
      [noon - 9000, 1],
      [noon - 7000, 0],
      [noon - 5000, 1],
    ]);
  });

  test('just after midnight and the turn of the month nothing of the last minute is told twice', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const midnight = Date.UTC(2027, 5, 1);
    clock.nowMs = midnight + 20_000;
    const first = await openHere(dir, { clock });
    write(first, [row(1, { atMs: midnight - 1000 }), row(2, { atMs: midnight + 1000 })]);
    await first.close();
    expect(usedBefore(await openHere(dir, { clock })).map(({ atMs, outputTokens }) => [atMs, outputTokens])).toEqual([
      [midnight - 1000, 1],
      [midnight + 1000, 2],
    ]);
  });
});

describe('sums', () => {
  test('are what a plain count over the rows gives, for any question', { timeout: 120_000 }, async () => {
    const usage = await openHere(newDirectory());
    const pick = <T>(number: number, values: readonly T[]): T => values[number % values.length] as T;
    const rows = Array.from({ length: 3000 }, (_, number): LedgerRow => ({
      ...entry(number, {
        atMs: BASE_MS - Math.floor(((number * 7919) % 3000) * 0.02 * DAY_MS),
        callerId: pick(number, ['a', 'b', 'c', 'd', 'e']),
        owner: pick(number, [null, 'alice', 'bob']),
        model: pick(number >> 2, ['m1', 'm2']),
        path: pick(number >> 3, ['/v1/chat/completions', '/v1/embeddings']),
      }),
      settled: settlement({ outputTokens: number, status: pick(number, [200, 200, 200, 503]), gpuSeconds: 0.25 }),
    }));
    write(usage, rows);
    const hours = fc.integer({ min: -61 * 24, max: 30 });
    const names = fc.constantFrom<UsageGroup>('key', 'owner', 'model', 'day', 'hour');
    const questions = fc.record({
      sinceMs: hours.map((hour) => BASE_MS + hour * HOUR_MS + 17),
      untilMs: hours.map((hour) => BASE_MS + hour * HOUR_MS - 5),
      by: fc.uniqueArray(names, { maxLength: 4 }),
      callerIds: fc.option(fc.subarray(['a', 'b', 'c', 'nobody']), { nil: undefined }),
      owner: fc.option(fc.constantFrom('alice', 'nobody'), { nil: undefined }),
      model: fc.option(fc.constantFrom('m1', 'm2'), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(questions, async (asked) => {
        const question = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
        const sums = await usage.ledger.usage(question as unknown as UsageQuestion);
        expect(byName(sums)).toEqual(byName(plainly(rows, question as unknown as UsageQuestion)));
      }),
      { numRuns: repeats(150, 2000) },
    );
  });

  test('of times whose hours are forgotten are by the day, and asking for those hours says so', async () => {
    const usage = await openHere(newDirectory());
    const day = Math.floor(BASE_MS / DAY_MS) * DAY_MS - 100 * DAY_MS;
    write(usage, [row(1, { atMs: day + HOUR_MS }), row(2, { atMs: day + 20 * HOUR_MS })]);
    const question = { sinceMs: day + 10 * HOUR_MS, untilMs: BASE_MS, by: ['day' as const] };
    expect(await usage.ledger.usage(question)).toMatchObject([{ fromMs: day, requests: 2, outputTokens: 3 }]);
    await expect(usage.ledger.usage({ ...question, by: ['hour'] })).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'since',
      publicMessage: expect.stringContaining('62 days'),
    });
  });

  test('of nothing are none by group, and one of zeros for all', async () => {
    const usage = await openHere(newDirectory());
    const time = { sinceMs: 0, untilMs: BASE_MS };
    expect(await usage.ledger.usage({ ...time, by: ['key'] })).toEqual([]);
    expect(await usage.ledger.usage({ ...time, by: [] })).toMatchObject([
      { callerId: null, fromMs: null, requests: 0 },
    ]);
  });
});

describe('forgetting', () => {
  test('takes whole days of rows with their sums, hours earlier, and leaves the rest as it was', async () => {
    const dir = newDirectory();
    const clock = testClock();
    const usage = await openHere(dir, { clock, ledgerDays: 100 });
    const midnight = Math.floor(BASE_MS / DAY_MS) * DAY_MS;
    const days = [400, 150, 102, 101, 100, 99, 63, 62, 61, 1, 0];
    write(
      usage,
      days.flatMap((ago) => [0, 1, 2].map((more) => row(ago * 1000 + more, { atMs: midnight - ago * DAY_MS + more }))),
    );
    write(
      usage,
      Array.from({ length: 3000 }, (_, at) => row(1e6 + at, { atMs: midnight - 300 * DAY_MS, callerId: `gone-${at}` })),
    );
    await allLedgerRows(usage.ledger);
    clock.pass(MINUTE_MS);
    await until(20_000, 'old rows go', async () => (await allLedgerRows(usage.ledger)).length === 21);
    await until(20_000, 'old subjects go', async () => {
      await allLedgerRows(usage.ledger);
      return query(dir, 'SELECT * FROM ledger_subjects').length === 1;
    });
    write(usage, [row(5, { atMs: BASE_MS, callerId: 'gone-5' })]);
    const kept = days.filter((ago) => ago <= 100);
    const sums = await usage.ledger.usage({ sinceMs: 0, untilMs: BASE_MS + DAY_MS, by: ['day'] });
    expect(sums.map(({ fromMs, requests }) => [fromMs, requests])).toEqual(
      kept.map((ago) => [midnight - ago * DAY_MS, ago === 0 ? 4 : 3]),
    );
    await usage.close();
    const oldestHour = Number(query(dir, 'SELECT min(hour) AS hour FROM ledger_hours')[0]?.['hour']);
    expect(oldestHour * HOUR_MS).toBe(midnight - 62 * DAY_MS);
  });
});

describe('a store of the version before', () => {
  test('gets a ledger and keeps its rows', async () => {
    const dir = newDirectory();
    const before = await openHere(dir);
    before.requests.record(requestRow(1));
    before.lastUse.touch('abcdefghijkl', 'current', 1_700_000_000);
    await before.close();
    const database = openSqlite(`${dir}/usage.db`, { file: 'existing' });
    for (const table of ['ledger', 'ledger_open', 'ledger_hours', 'ledger_days', 'ledger_subjects'])
      database.exec(`DROP TABLE ${table}`);
    database.exec('UPDATE meta SET schema_version = 1');
    database.close();
    const after = await openHere(dir);
    write(after, [row(1)]);
    expect(await allLedgerRows(after.ledger)).toEqual([row(1)]);
    expect((await after.requests.list({}, { limit: 10 })).data).toEqual([requestRow(1)]);
    expect(after.lastUse.of('abcdefghijkl').current).toBe(1_700_000_000);
    expect(query(dir, 'SELECT schema_version, min_reader_version FROM meta')).toEqual([
      { schema_version: 2, min_reader_version: 1 },
    ]);
  });
});

/** The same question, asked of the rows themselves. */
function plainly(rows: readonly LedgerRow[], question: UsageQuestion): UsageSum[] {
  const { by, callerIds, owner, model } = question;
  const sinceMs = Math.floor(question.sinceMs / HOUR_MS) * HOUR_MS;
  const untilMs = Math.ceil(question.untilMs / HOUR_MS) * HOUR_MS;
  const unit = by.includes('hour') ? HOUR_MS : by.includes('day') ? DAY_MS : null;
  const sums = new Map<string, UsageSum>();
  const sumOf = (one: LedgerRow | null): UsageSum => {
    const names = {
      callerId: one !== null && by.includes('key') ? one.callerId : null,
      owner: one !== null && by.includes('owner') ? one.owner : null,
      model: one !== null && by.includes('model') ? one.model : null,
      fromMs: one !== null && unit !== null ? Math.floor(one.atMs / unit) * unit : null,
    };
    const known = sums.get(JSON.stringify(names));
    if (known !== undefined) return known;
    const counts = { requests: 0, failed: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, estimated: 0 };
    const fresh = { ...names, ...counts, gpuSeconds: 0, gpuSecondsEstimated: 0, durationMs: 0, queuedMs: 0 };
    sums.set(JSON.stringify(names), fresh);
    return fresh;
  };
  if (by.length === 0) sumOf(null);
  for (const one of rows) {
    if (one.atMs < sinceMs || one.atMs >= untilMs) continue;
    if (callerIds !== undefined && !callerIds.includes(one.callerId)) continue;
    if (owner !== undefined && one.owner !== owner) continue;
    if (model !== undefined && one.model !== model) continue;
    const sum = sumOf(one);
    sum.requests += 1;
    sum.failed += one.settled.status >= 400 ? 1 : 0;
    sum.inputTokens += one.settled.inputTokens;
    sum.outputTokens += one.settled.outputTokens;
    sum.gpuSeconds += one.settled.gpuSeconds;
    sum.durationMs += one.settled.durationMs;
    sum.queuedMs += one.settled.queuedMs;
  }
  return [...sums.values()];
}

function byName(sums: readonly UsageSum[]): UsageSum[] {
  const name = ({ fromMs, callerId, owner, model }: UsageSum): string =>
    JSON.stringify([fromMs, callerId, owner, model]);
  return [...sums].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
