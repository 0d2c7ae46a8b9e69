import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryLimitStore } from '../../src/limits/memory-limit-store.js';
import type { LedgerRow } from '../../src/usage/ledger.js';
import { Replay, windowsBegin } from '../../src/usage/replay.js';
import type { ReplayOutcome, ReplayQuestion } from '../../src/usage/replay-port.js';
import { SimulatedClock } from '../../src/usage/simulated-clock.js';
import { ledgerRow } from './settled-rows.js';

const DAY_MS = 86_400_000;
const MIDNIGHT_MS = Date.UTC(2026, 2, 1);

function replayed(
  rows: readonly LedgerRow[],
  asked: Partial<ReplayQuestion>,
  parents: Record<string, string[]> = {},
): ReplayOutcome {
  const clock = new SimulatedClock();
  const question = {
    limits: {},
    per: 'key' as const,
    sinceMs: MIDNIGHT_MS,
    untilMs: MIDNIGHT_MS + 90 * DAY_MS,
    ...asked,
  };
  const replay = new Replay({
    question,
    clock,
    store: createMemoryLimitStore(clock),
    ancestorsOf: (id) => parents[id] ?? [],
  });
  for (const row of rows) void replay.take(row);
  return replay.outcome();
}

/** Requests of a few keys over a few days, in the order of their admission. */
const history = fc
  .array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 4 * DAY_MS }),
      callerId: fc.constantFrom('keyaaaaaaaaa', 'keybbbbbbbbb', 'jwt:carol'),
      inputTokens: fc.integer({ min: 0, max: 2000 }),
      outputTokens: fc.integer({ min: 0, max: 2000 }),
      durationMs: fc.integer({ min: 1, max: DAY_MS / 4 }),
      gpuSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
    }),
    { maxLength: 80 },
  )
  .map((drawn) =>
    drawn
      .toSorted((one, other) => one.atMs - other.atMs)
      .map(({ atMs, callerId, durationMs, gpuSeconds, ...tokens }, at) =>
        ledgerRow(at, {
          ...tokens,
          callerId,
          atMs: MIDNIGHT_MS + atMs,
          settled: { ...tokens, queuedMs: 0, durationMs, gpuSeconds },
        }),
      ),
  );

function sum(rows: readonly LedgerRow[], of: (row: LedgerRow) => number): number {
  return rows.reduce((whole, row) => whole + of(row), 0);
}

const sorted = (rows: readonly unknown[][]): unknown[][] =>
  rows.toSorted((one, other) => String(one[0]).localeCompare(String(other[0])));

describe('a replay', () => {
  test('refuses nobody when every limit is at least what all requests together used', () => {
    fc.assert(
      fc.property(history, (rows) => {
        const input = sum(rows, (row) => row.inputTokens) + 1;
        const output = sum(rows, (row) => row.outputTokens) + 1;
        const limits = {
          requests_per_minute: rows.length + 1,
          requests_per_day: rows.length + 1,
          tokens_per_minute: input + output,
          tokens_per_day: input + output,
          input_tokens_per_day: input,
          output_tokens_per_day: output,
          tokens_per_month: input + output,
          input_tokens_per_month: input,
          output_tokens_per_month: output,
          concurrent_requests: rows.length + 1,
          gpu_seconds_per_day: Math.ceil(sum(rows, (row) => row.settled.gpuSeconds)) + 1,
        };
        const outcome = replayed(rows, { limits });
        expect([outcome.refused, outcome.shortened, outcome.hit]).toEqual([0, 0, []]);
        expect([outcome.requests, outcome.tokens]).toEqual([rows.length, input + output - 2]);
      }),
    );
  });

  test('of a limit of requests a day refuses exactly those beyond it, of each key and UTC day', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 10 }), (rows, most) => {
        const seen = new Map<string, number>();
        const refused = new Map<string, number[]>();
        for (const { callerId, atMs } of rows) {
          const day = `${callerId} ${Math.floor(atMs / DAY_MS)}`;
          seen.set(day, (seen.get(day) ?? 0) + 1);
          if ((seen.get(day) ?? 0) > most) refused.set(callerId, [...(refused.get(callerId) ?? []), atMs]);
        }
        const { hit } = replayed(rows, { limits: { requests_per_day: most } });
        const found = hit.map(({ subject, limits: [only] }) => [subject, only?.refused, only?.firstMs, only?.lastMs]);
        const expected = [...refused].map(([subject, moments]) => [
          subject,
          moments.length,
          moments[0],
          moments.at(-1),
        ]);
        expect(sorted(found)).toEqual(sorted(expected));
      }),
    );
  });

  test('counts a request that was never sent as none of its day, once it is over', () => {
    const unsent = { queuedMs: 50, durationMs: 50, inputTokens: 0, outputTokens: 0, gpuSeconds: 0 };
    const at = (atMs: number, settled = {}) => ledgerRow(atMs, { atMs: MIDNIGHT_MS + atMs, settled });
    const limits = { requests_per_day: 2 };
    expect(replayed([at(0), at(10, unsent), at(100), at(2000)], { limits }).refused).toBe(1);
    expect(replayed([at(0), at(10, unsent), at(20), at(100)], { limits }).refused).toBe(1);
    expect(replayed([at(0), at(10, { ...unsent, code: 'orphaned' }), at(100)], { limits }).refused).toBe(1);
  });

  test('lets a place at a time be free again when the request in it had ended', () => {
    const at = (atMs: number, durationMs: number) =>
      ledgerRow(atMs, { atMs: MIDNIGHT_MS + atMs, settled: { durationMs } });
    const rows = [at(0, 100), at(50, 100), at(100, 10), at(200, 10)];
    const { refused, hit } = replayed(rows, { limits: { concurrent_requests: 1 } });
    expect([refused, hit[0]?.limits[0]?.firstMs]).toEqual([1, MIDNIGHT_MS + 50]);
  });

  test('counts a derived key in the keys above it, and names the one whose limit it was', () => {
    const rows = ['parentkey000', 'childkey0000', 'childkey0000'].map((callerId, at) =>
      ledgerRow(at, { callerId, atMs: MIDNIGHT_MS + at * 60_000 }),
    );
    const { hit } = replayed(rows, { limits: { requests_per_day: 2 } }, { childkey0000: ['parentkey000'] });
    expect(
      hit.map(({ subject, limits }) => [subject, limits.map(({ account, refused }) => [account, refused])]),
    ).toEqual([['childkey0000', [['key:parentkey000', 1]]]]);
  });

  test('knows what was used earlier in the window in which its time begins, and tells only of its time', () => {
    const rows = [0, 1, 2].map((hour) => ledgerRow(hour, { atMs: MIDNIGHT_MS + hour * 3_600_000 }));
    const sinceMs = MIDNIGHT_MS + 5_400_000;
    const outcome = replayed(rows, { limits: { requests_per_day: 2 }, sinceMs });
    expect([outcome.requests, outcome.refused]).toEqual([1, 1]);
    const noon = Date.UTC(2026, 4, 17, 12);
    expect([
      windowsBegin({ limits: { tokens_per_day: 1 }, sinceMs: noon }),
      windowsBegin({ limits: { tokens_per_day: 1, tokens_per_month: 1 }, sinceMs: noon }),
    ]).toEqual([Date.UTC(2026, 4, 17), Date.UTC(2026, 4, 1)]);
  });

  test('an answer that a budget would have cut is shortened, not refused, and uses no more than there was', () => {
    const rows = [60, 60, 60].map((outputTokens, at) =>
      ledgerRow(at, { outputTokens, inputTokens: 0, atMs: MIDNIGHT_MS + at * 60_000 }),
    );
    const { requests, refused, shortened } = replayed(rows, { limits: { output_tokens_per_day: 100 } });
    expect([requests, refused, shortened]).toEqual([3, 1, 1]);
  });

  test('for owners leaves out requests without one and says how many; only the owner asked for is judged', () => {
    const rows = ['alice', null, 'bob', 'alice'].map((owner, at) => ledgerRow(at, { owner, atMs: MIDNIGHT_MS + at }));
    const all = replayed(rows, { per: 'owner', limits: { requests_per_day: 1 } });
    expect([all.requests, all.unbound, all.subjects, all.hit.map(({ subject }) => subject)]).toEqual([
      3,
      1,
      2,
      ['alice'],
    ]);
    const one = replayed(rows, { owner: 'bob', limits: { requests_per_day: 1 } });
    expect([one.requests, one.refused]).toEqual([1, 0]);
  });
});
