import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LedgerWriter } from '../../src/storage/ledger-write.js';
import { sqliteFault } from '../../src/storage/sqlite/faults.js';
import { openUsageDatabase } from '../../src/storage/usage-schema.js';
import { JournalLines, positionOf, STAGE, type LineColumns } from '../../src/usage/journal-lines.js';
import type { LedgerEntry, Settlement } from '../../src/usage/ledger.js';
import { repeats } from '../support/rounds.js';
import { entry, expectBalanced, settlement } from './ledger-books.js';
import { BASE_MS, newDirectory } from './usage-world.js';

const HOUR_MS = 3_600_000;

interface Line {
  number: number;
  stage: number;
  entry: LedgerEntry;
  settled: Settlement | null;
}

function columnsOf(lines: readonly Line[]): LineColumns {
  const journal = new JournalLines((text) => text);
  for (const line of lines) {
    const at = journal.add(positionOf(line.entry.atMs, line.number), line.entry);
    if (line.settled !== null) journal.settle(at, line.stage, line.settled);
  }
  return journal.columns();
}

/** One thing that happens to a writer: a group, written with so many pages left on the disk at first, so often. */
interface Step {
  restart: boolean;
  again: boolean;
  pagesLeft: number;
  requests: { whole: boolean; caller: number; hour: number; tokens: number; failed: boolean }[];
}

const STEPS = fc.array(
  fc.record<Step>({
    restart: fc.boolean(),
    again: fc.boolean(),
    pagesLeft: fc.nat(12),
    requests: fc.array(
      fc.record({
        whole: fc.boolean(),
        caller: fc.nat(40),
        hour: fc.nat(50),
        tokens: fc.nat(5000),
        failed: fc.boolean(),
      }),
      { maxLength: 30 },
    ),
  }),
  { minLength: 2, maxLength: 12 },
);

describe('writing the ledger', () => {
  test(
    'whatever fails and is tried again, every request is in the ledger once and the sums are what its rows add up to',
    { timeout: 600_000 },
    () => {
      fc.assert(
        fc.property(STEPS, (steps) => {
          const database = openUsageDatabase(join(newDirectory(), 'usage.db'));
          const book = new FaultyBook((pages) => {
            const present = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
            database.prepare(`PRAGMA max_page_count = ${pages === null ? 1_000_000 : present + pages}`).get();
          });
          let writer = new LedgerWriter(database, 0);
          steps.forEach((step, run) => {
            if (step.restart) {
              writer = new LedgerWriter(database, run + 1);
              book.try(step.pagesLeft, () => writer.settleOrphans());
              book.orphanAll();
            }
            const lines = columnsOf(book.linesOf(step.requests));
            book.try(step.pagesLeft, () => writer.write(lines));
            if (step.again) book.try(step.pagesLeft, () => writer.write(lines));
          });
          expectBalanced((sql) => database.prepare(sql).all());
          const charged = database.prepare('SELECT request_id, output_tokens FROM ledger ORDER BY 1').all();
          expect(charged.map((row) => [row['request_id'], row['output_tokens']])).toEqual(book.charged());
          database.close();
        }),
        { numRuns: repeats(40, 1000) },
      );
    },
  );

  test('two requests at one position, as after a clock that was set back, are both kept, once each', () => {
    const database = openUsageDatabase(join(newDirectory(), 'usage.db'));
    const first = columnsOf([{ number: 1, stage: STAGE.whole, entry: entry(1), settled: settlement() }]);
    const second = columnsOf([
      { number: 1, stage: STAGE.whole, entry: entry(1, { requestId: 'req_other' }), settled: settlement() },
    ]);
    const writer = new LedgerWriter(database, 1);
    for (const lines of [first, second, second, first]) expect(writer.write(lines)).toBe(0);
    expect(database.prepare('SELECT request_id FROM ledger ORDER BY position').all()).toEqual([
      { request_id: 'req_1' },
      { request_id: 'req_other' },
    ]);
    expectBalanced((sql) => database.prepare(sql).all());
    database.close();
  });

  test('figures that no engine can mean are kept as 0 or as the bound, and a time that is none is counted as not kept', () => {
    const database = openUsageDatabase(join(newDirectory(), 'usage.db'));
    const writer = new LedgerWriter(database, 1);
    const odd = { inputTokens: NaN, outputTokens: -5, cachedTokens: Infinity, gpuSeconds: NaN, durationMs: 1e300 };
    const lines = columnsOf([
      { number: 1, stage: STAGE.whole, entry: entry(1, { atMs: NaN }), settled: settlement() },
      { number: 2, stage: STAGE.whole, entry: entry(2, { model: '\ud800\0' }), settled: settlement(odd) },
    ]);
    expect(writer.write(lines)).toBe(1);
    expect(
      database
        .prepare('SELECT request_id, input_tokens, output_tokens, cached_tokens, gpu_us, duration_us FROM ledger')
        .all(),
    ).toEqual([
      { request_id: 'req_2', input_tokens: 0, output_tokens: 0, cached_tokens: 1e12, gpu_us: 0, duration_us: 1e13 },
    ]);
    database.close();
  });
});

/** Writes on a disk that fills up in the middle, and knows what should be in the book. */
class FaultyBook {
  readonly #leave: (pages: number | null) => void;
  readonly #open = new Map<number, LedgerEntry>();
  readonly #charged = new Map<string, number>();
  #number = 0;

  constructor(leave: (pages: number | null) => void) {
    this.#leave = leave;
  }

  /** Tries with more and more room until it works. */
  try(pagesLeft: number, write: () => void): void {
    for (let pages: number | null = pagesLeft; ; pages = pages > 40 ? null : pages * 2 + 1) {
      this.#leave(pages);
      try {
        write();
        this.#leave(null);
        return;
      } catch (error) {
        expect(sqliteFault(error)).toBe('full');
        expect(pages).not.toBeNull();
        if (pages === null) return;
      }
    }
  }

  /** New requests, some of them settled at once, and the end of some that are open. */
  linesOf(requests: Step['requests']): Line[] {
    return requests.flatMap((request) => {
      const number = ++this.#number;
      const names = { callerId: `caller-${request.caller}`, owner: request.caller % 3 === 0 ? null : 'alice' };
      const one = entry(number, { atMs: BASE_MS + request.hour * HOUR_MS, outputTokens: request.tokens, ...names });
      const settled = settlement({
        outputTokens: request.tokens + 1,
        status: request.failed ? 502 : 200,
        certainty: request.failed ? 'estimated' : 'counted',
        gpuCertainty: request.failed ? 'estimated' : 'reported',
        cachedTokens: request.failed ? 3 : null,
      });
      if (request.whole) {
        this.#charged.set(one.requestId, request.tokens + 1);
        return [{ number, stage: STAGE.whole, entry: one, settled }];
      }
      const [oldest] = request.failed ? this.#open : [];
      const ended = oldest === undefined ? [] : [this.#ended(oldest, settled)];
      this.#open.set(number, one);
      return [...ended, { number, stage: STAGE.open, entry: one, settled: null }];
    });
  }

  orphanAll(): void {
    for (const open of this.#open.values()) this.#charged.set(open.requestId, open.outputTokens);
    this.#open.clear();
  }

  charged(): [string, number][] {
    return [...this.#charged].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #ended([number, one]: [number, LedgerEntry], settled: Settlement): Line {
    this.#open.delete(number);
    this.#charged.set(one.requestId, settled.outputTokens);
    return { number, stage: STAGE.settled, entry: one, settled };
  }
}
