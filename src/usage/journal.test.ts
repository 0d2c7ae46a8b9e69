import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../core/clock.js';
import { GroupJournal } from './journal.js';
import { AT, CERTAINTIES, FIGURES, rowsOf, STAGE, type LineColumns } from './journal-lines.js';
import type { LedgerEntry, OpenRow, Settlement } from './ledger.js';

const AT_MS = 1_800_000_000_000;

/** A store that answers when it is told to, and a clock whose timers fire when they are told to. */
class Desk {
  readonly sent: LineColumns[] = [];
  readonly said: string[] = [];
  readonly timers: { delayMs: number; fire: () => void }[] = [];
  monotonicMs = 0;
  #answer: ((error?: Error) => void) | null = null;
  readonly journal: GroupJournal;

  constructor() {
    this.journal = new GroupJournal({
      clock: this.clock(),
      send: (lines) => {
        this.sent.push(structuredClone(lines));
        return new Promise((resolve, reject) => {
          this.#answer = (error) => (error === undefined ? resolve(0) : reject(error));
        });
      },
      shown: (text) => text,
      onFault: () => this.said.push('fault'),
      onHealed: () => this.said.push('healed'),
      onDropped: () => this.said.push('dropped'),
    });
    this.journal.begin();
  }

  clock(): Clock {
    const after = (delayMs: number, fire: () => void): (() => void) => {
      const timer = { delayMs, fire };
      this.timers.push(timer);
      return () => void this.timers.splice(this.timers.indexOf(timer) >>> 0, 1);
    };
    return { now: () => AT_MS, monotonic: () => this.monotonicMs, after, every: () => () => undefined };
  }

  fire(): void {
    for (const { fire } of this.timers.splice(0)) fire();
  }

  async answer(error?: Error): Promise<void> {
    this.#answer?.(error);
    this.#answer = null;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Answers and fires until nothing waits. */
  async drain(): Promise<void> {
    while (this.journal.lag.waiting > 0) {
      this.fire();
      await this.answer();
    }
  }
}

function entry(number: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  const names = { callerId: 'abcdefghijkl', owner: 'alice', model: 'qwen3', path: '/v1/chat/completions' };
  const rest = { atMs: AT_MS + number, streamed: true, inputTokens: 10, outputTokens: 1024 };
  return { requestId: `req_${number}`, ...names, ...rest, ...more };
}

function settlement(more: Partial<Settlement> = {}): Settlement {
  return {
    inputTokens: 9,
    outputTokens: 7,
    cachedTokens: null,
    certainty: 'reported',
    gpuSeconds: 0.5,
    gpuCertainty: 'estimated',
    status: 200,
    code: null,
    queuedMs: 1.5,
    firstByteMs: null,
    durationMs: 80.25,
    ...more,
  };
}

function stages(lines: LineColumns | undefined): number[] {
  return (lines?.requestIds ?? []).map((_, line) => lines?.figures[line * FIGURES + AT.stage] ?? -1);
}

describe('flushing', () => {
  test('waits for what waited, also when a slow disk makes the end of one message begin the next', async () => {
    const desk = new Desk();
    desk.journal.open(entry(1));
    desk.fire();
    desk.journal.open(entry(2));
    let isFlushed = false;
    const flushed = desk.journal.flush().then(() => (isFlushed = true));
    desk.monotonicMs += 1000;
    await desk.answer();
    expect([isFlushed, desk.sent.length]).toEqual([false, 2]);
    await desk.answer();
    await flushed;
    expect(desk.journal.lag).toEqual({ waiting: 0, dropped: 0 });
  });
});

describe('groups', () => {
  test('requests of one moment are one message, after one timer of at most 20 ms', async () => {
    const desk = new Desk();
    for (let number = 0; number < 50; number++) desk.journal.open(entry(number));
    expect(desk.timers.map(({ delayMs }) => delayMs <= 20)).toEqual([true]);
    expect(desk.journal.lag).toEqual({ waiting: 50, dropped: 0 });
    desk.fire();
    expect(desk.sent.map((lines) => lines.requestIds.length)).toEqual([50]);
    await desk.answer();
    expect(desk.journal.lag).toEqual({ waiting: 0, dropped: 0 });
    expect(desk.timers).toEqual([]);
  });

  test('a request that is settled before its group goes is one line, any other is told whole at its end', async () => {
    const desk = new Desk();
    desk.journal.open(entry(1)).settle(settlement());
    const long = desk.journal.open(entry(2));
    desk.fire();
    await desk.answer();
    long.settle(settlement({ status: 502, code: 'upstream_error' }));
    desk.fire();
    expect(desk.sent.map(stages)).toEqual([[STAGE.whole, STAGE.open], [STAGE.settled]]);
    expect(rowsOf(desk.sent[1] as LineColumns)).toEqual([
      { ...entry(2), settled: settlement({ status: 502, code: 'upstream_error' }) },
    ]);
  });

  test('only the first settlement counts, and nothing is reserved after it', async () => {
    const desk = new Desk();
    const row = desk.journal.open(entry(1));
    row.settle(settlement());
    row.settle(settlement({ outputTokens: 99 }));
    row.extended(4096);
    desk.fire();
    await desk.answer();
    row.settle(settlement({ outputTokens: 99 }));
    row.extended(4096);
    expect(desk.timers).toEqual([]);
    expect(rowsOf(desk.sent[0] as LineColumns)).toEqual([{ ...entry(1), settled: settlement() }]);
  });

  test('of many extensions in one group the last is written', async () => {
    const desk = new Desk();
    const row = desk.journal.open(entry(1));
    desk.fire();
    await desk.answer();
    for (const outputTokens of [1280, 1536, 1792]) row.extended(outputTokens);
    desk.fire();
    expect(desk.sent[1]?.requestIds).toEqual(['req_1']);
    expect(desk.sent[1]?.figures[AT.reservedOutput]).toBe(1792);
    expect(stages(desk.sent[1])).toEqual([STAGE.open]);
  });

  test('while a group is on its way the next one gathers, and goes when the first is kept', async () => {
    const desk = new Desk();
    const row = desk.journal.open(entry(1));
    desk.fire();
    row.settle(settlement());
    desk.journal.open(entry(2));
    expect(desk.sent).toHaveLength(1);
    await desk.answer();
    desk.fire();
    expect(desk.sent.map((lines) => lines.requestIds)).toEqual([['req_1'], ['req_1', 'req_2']]);
  });

  test('a flush waits for what was there and not for what keeps coming', async () => {
    const desk = new Desk();
    desk.journal.open(entry(1));
    let isOver = false;
    void desk.journal.flush().then(() => (isOver = true));
    for (let number = 2; number < 5; number++) {
      desk.journal.open(entry(number));
      await desk.answer();
    }
    expect(isOver).toBe(true);
  });

  test('closing sends what came until then, and drops and counts what a failing store did not take', async () => {
    const desk = new Desk();
    const row = desk.journal.open(entry(1));
    const closed = desk.journal.close();
    row.settle(settlement());
    await desk.answer();
    await desk.answer();
    await closed;
    expect(desk.sent.map(stages)).toEqual([[STAGE.open], [STAGE.settled]]);
    expect(desk.journal.lag).toEqual({ waiting: 0, dropped: 0 });
    const broken = new Desk();
    broken.journal.open(entry(1));
    const ended = broken.journal.close();
    await broken.answer(new Error('disk full'));
    await ended;
    expect(broken.journal.lag).toEqual({ waiting: 0, dropped: 1 });
    expect(broken.timers).toEqual([]);
  });

  test('every row comes out of its columns as it went in', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const tokens = fc.nat(1e9);
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    const entries = fc.record({
      requestId: text,
      atMs: fc.integer({ min: 0, max: 4e12 }),
      callerId: text,
      owner: fc.option(text),
      model: text,
      path: text,
      streamed: fc.boolean(),
      inputTokens: tokens,
      outputTokens: tokens,
    });
    const settlements = fc.record({
      inputTokens: tokens,
      outputTokens: tokens,
      cachedTokens: fc.option(tokens),
      certainty: fc.constantFrom(...CERTAINTIES),
      gpuSeconds: ms,
      gpuCertainty: fc.constantFrom('reported' as const, 'estimated' as const),
      status: fc.integer({ min: 100, max: 599 }),
      code: fc.option(text),
      queuedMs: ms,
      firstByteMs: fc.option(ms),
      durationMs: ms,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(entries, settlements), { minLength: 1, maxLength: 60 }), (requests) => {
        const desk = new Desk();
        for (const [one, settled] of requests) desk.journal.open(one).settle(settled);
        desk.fire();
        expect(desk.sent.flatMap(rowsOf)).toEqual(requests.map(([one, settled]) => ({ ...one, settled })));
      }),
    );
  });
});

describe('a store that fails', () => {
  test('what could not be written is sent again first, in order, and said once', async () => {
    const desk = new Desk();
    const row = desk.journal.open(entry(1));
    for (let failure = 0; failure < 3; failure++) {
      desk.fire();
      await desk.answer(new Error('disk full'));
    }
    row.settle(settlement());
    desk.journal.open(entry(2));
    desk.fire();
    await desk.answer();
    await desk.drain();
    expect(desk.said).toEqual(['fault', 'healed']);
    expect(desk.sent.map((lines) => lines.requestIds)).toEqual([...Array(4).fill(['req_1']), ['req_1', 'req_2']]);
    expect(stages(desk.sent.at(-1))).toEqual([STAGE.settled, STAGE.open]);
  });

  test('beyond twenty thousand lines the rest is dropped, counted, and said once; what waits settles in place', async () => {
    const desk = new Desk();
    desk.journal.open(entry(0));
    desk.fire();
    await desk.answer(new Error('disk full'));
    const rows: OpenRow[] = [];
    for (let number = 1; number <= 25_000; number++) rows.push(desk.journal.open(entry(number)));
    expect(desk.journal.lag.waiting).toBe(20_000);
    for (const row of rows) row.settle(settlement());
    expect(desk.journal.lag).toEqual({ waiting: 20_000, dropped: 5001 });
    expect(desk.said).toEqual(['fault', 'dropped']);
    await desk.drain();
    expect(
      desk.sent
        .slice(1)
        .flatMap(stages)
        .filter((stage) => stage === STAGE.whole),
    ).toHaveLength(19_999);
  });

  test('a request that found no room at its admission is written if there is room at its end', async () => {
    const desk = new Desk();
    for (let number = 1; number <= 20_000; number++) desk.journal.open(entry(number));
    const late = desk.journal.open(entry(20_001));
    await desk.drain();
    late.settle(settlement());
    await desk.drain();
    expect(desk.journal.lag).toEqual({ waiting: 0, dropped: 0 });
    expect(rowsOf(desk.sent.at(-1) as LineColumns)).toEqual([{ ...entry(20_001), settled: settlement() }]);
    expect(stages(desk.sent.at(-1))).toEqual([STAGE.whole]);
  });
});
