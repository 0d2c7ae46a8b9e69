import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { LIMIT_NAMES, type Amounts, type LimitName, type LimitSettings } from '../core/limits.js';
import { isDenial, type Account, type Ask, type Denial, type Reservation } from './limit-store.js';
import { createMemoryLimitStore, type MemoryLimitStore } from './memory-limit-store.js';

const NOON_MS = Date.UTC(2026, 6, 15, 12);
const DAY_MS = 86_400_000;
const NOTHING: Amounts = { inputTokens: 0, outputTokens: 0, gpuSeconds: 0 };

/** A clock that stands; wall and monotonic time are set apart from each other. */
function standingClock(): Clock & { wallMs: number; monotonicMs: number } {
  return {
    wallMs: NOON_MS,
    monotonicMs: 5000,
    now() {
      return this.wallMs;
    },
    monotonic() {
      return this.monotonicMs;
    },
    after: () => () => undefined,
    every: () => () => undefined,
  };
}

function start(): { clock: ReturnType<typeof standingClock>; store: MemoryLimitStore } {
  const clock = standingClock();
  return { clock, store: createMemoryLimitStore(clock) };
}

function account(limits: LimitSettings, id = 'key:one'): Account {
  return { id, limits };
}

function ask(accounts: readonly Account[], more: Partial<Ask> = {}): Ask {
  return { accounts, inputTokens: 0, outputCap: 0, defaultOutputTokens: 1024, ...more };
}

function admitted(answer: Reservation | Denial): Reservation {
  if (isDenial(answer)) throw new Error(`denied: ${JSON.stringify(answer)}`);
  return answer;
}

function denied(answer: Reservation | Denial): Denial {
  if (!isDenial(answer)) throw new Error('admitted');
  return answer;
}

function remaining(store: MemoryLimitStore, one: Account): Partial<Record<LimitName, number>> {
  return Object.fromEntries(store.standings([one]).map((standing) => [standing.limit, standing.remaining]));
}

/** A request that takes one of whatever the limit counts. */
function unitOf(limit: LimitName): Partial<Ask> {
  return limit.startsWith('input') ? { inputTokens: 1 } : { outputCap: limit.includes('requests') ? 0 : 1 };
}

describe('how many are admitted', () => {
  const reserved = LIMIT_NAMES.filter((name) => name !== 'gpu_seconds_per_day');

  it.each(reserved)('of N + K requests at once under %s of N, exactly N are admitted', (limit) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (most, more) => {
        const { store } = start();
        const accounts = [account({}), account({ [limit]: most }, 'owner:alice')];
        const answers = Array.from({ length: most + more }, () => store.reserve(ask(accounts, unitOf(limit))));
        expect(answers.filter((answer) => !isDenial(answer)).length).toBe(most);
        for (const answer of answers.filter(isDenial)) {
          expect(answer).toMatchObject({ limit, account: 'owner:alice', most, remaining: 0 });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('engine time is counted afterwards: requests are admitted while any of it is left', () => {
    const { store } = start();
    const accounts = [account({ gpu_seconds_per_day: 2 })];
    const first = admitted(store.reserve(ask(accounts)));
    const second = admitted(store.reserve(ask(accounts)));
    first.settle({ ...NOTHING, gpuSeconds: 1.5 });
    second.settle({ ...NOTHING, gpuSeconds: 1.5 });
    expect(denied(store.reserve(ask(accounts)))).toMatchObject({
      limit: 'gpu_seconds_per_day',
      remaining: 0,
      retryAfterMs: DAY_MS / 2,
    });
  });

  it('a denial takes nothing from any account', () => {
    const { store } = start();
    const all = Object.fromEntries(LIMIT_NAMES.map((name) => [name, 100]));
    const free = account(all, 'key:child');
    const full = account({ requests_per_day: 1 }, 'owner:alice');
    admitted(store.reserve(ask([full])));
    const before = store.standings([free]);
    denied(store.reserve(ask([free, full], { inputTokens: 5, outputCap: 5 })));
    expect(store.standings([free])).toEqual(before);
  });

  it("a child's use counts in every ancestor", () => {
    const { store } = start();
    const family = ['key:child', 'key:parent', 'key:grandparent'].map((id) => account({ tokens_per_day: 100 }, id));
    admitted(store.reserve(ask(family, { inputTokens: 10, outputCap: 20 }))).settle({
      inputTokens: 12,
      outputTokens: 8,
      gpuSeconds: 0,
    });
    for (const one of family) expect(remaining(store, one)).toEqual({ tokens_per_day: 80 });
  });

  it('an account that is named twice is counted once', () => {
    const { store } = start();
    const one = account({ concurrent_requests: 2, tokens_per_day: 100 });
    const reservation = admitted(store.reserve(ask([one, one], { inputTokens: 10 })));
    expect(remaining(store, one)).toEqual({ concurrent_requests: 1, tokens_per_day: 90 });
    reservation.settle(NOTHING);
    expect(remaining(store, one)).toEqual({ concurrent_requests: 2, tokens_per_day: 100 });
  });

  it('a limit that is set at noon knows the morning', () => {
    const { store } = start();
    admitted(store.reserve(ask([account({})], { inputTokens: 70 })));
    expect(denied(store.reserve(ask([account({ tokens_per_day: 100 })], { inputTokens: 40 })))).toMatchObject({
      remaining: 30,
    });
  });

  it('a limit that is lowered while a request runs holds for the next one', () => {
    const { store } = start();
    const running = admitted(store.reserve(ask([account({ tokens_per_day: 100 })], { outputCap: 50 })));
    expect(denied(store.reserve(ask([account({ tokens_per_day: 40 })], { outputCap: 1 })))).toMatchObject({ most: 40 });
    expect(running.extend(30)).toBe(30);
  });
});

describe('budgets', () => {
  it('reserve what is left when less is left than asked for, and say how much that was', () => {
    const { store } = start();
    const accounts = [account({ output_tokens_per_day: 1000 }), account({ tokens_per_day: 5000 }, 'owner:alice')];
    const reservation = admitted(store.reserve(ask(accounts, { inputTokens: 100, outputCap: 4000 })));
    expect([reservation.outputTokens, reservation.outputLeft]).toEqual([1000, 1000]);
    expect(reservation.extend(1)).toBe(0);
  });

  it('bound nothing where there are none', () => {
    const { store } = start();
    const reservation = admitted(store.reserve(ask([account({ input_tokens_per_day: 9 })], { outputCap: null })));
    expect([reservation.outputTokens, reservation.outputLeft]).toEqual([1024, null]);
    expect(reservation.extend(256)).toBe(256);
    expect(reservation.outputTokens).toBe(1280);
  });

  it('need one output token beside the input, and say never to an input that no day has room for', () => {
    const { store } = start();
    const accounts = [account({ tokens_per_day: 100 })];
    expect(denied(store.reserve(ask(accounts, { inputTokens: 100, outputCap: 10 }))).retryAfterMs).toBeNull();
    const reservation = admitted(store.reserve(ask(accounts, { inputTokens: 99, outputCap: 10 })));
    expect(reservation.outputTokens).toBe(1);
    expect(denied(store.reserve(ask(accounts, { inputTokens: 99, outputCap: 10 }))).retryAfterMs).toBe(DAY_MS / 2);
  });

  it('give back what was not used, and count what was used beyond them', () => {
    const { store } = start();
    const one = account({ tokens_per_day: 100, tokens_per_month: 1000 });
    const reservation = admitted(store.reserve(ask([one], { inputTokens: 10, outputCap: 50 })));
    reservation.settle({ inputTokens: 10, outputTokens: 5, gpuSeconds: 0 });
    expect(remaining(store, one)).toEqual({ tokens_per_day: 85, tokens_per_month: 985 });
    admitted(store.reserve(ask([one], { outputCap: 1 }))).settle({ inputTokens: 0, outputTokens: 200, gpuSeconds: 0 });
    expect(remaining(store, one)).toEqual({ tokens_per_day: 0, tokens_per_month: 785 });
  });

  it('are settled once, however often it is said', () => {
    const { store } = start();
    const one = account({ tokens_per_day: 100, concurrent_requests: 3 });
    const reservation = admitted(store.reserve(ask([one], { outputCap: 50 })));
    for (let times = 0; times < 3; times += 1) reservation.settle({ ...NOTHING, outputTokens: 7 });
    expect(reservation.extend(10)).toBe(0);
    expect(remaining(store, one)).toEqual({ tokens_per_day: 93, concurrent_requests: 3 });
  });

  it('get everything back of a request that was cancelled, its count in the day too, and not the one of the minute', () => {
    const { store } = start();
    const one = account({ requests_per_day: 5, requests_per_minute: 5, tokens_per_day: 900, concurrent_requests: 2 });
    const reservation = admitted(store.reserve(ask([one], { inputTokens: 100, outputCap: 200 })));
    reservation.extend(50);
    reservation.cancel();
    reservation.cancel();
    reservation.settle({ inputTokens: 9, outputTokens: 9, gpuSeconds: 9 });
    expect(remaining(store, one)).toEqual({
      requests_per_day: 5,
      requests_per_minute: 4,
      tokens_per_day: 900,
      concurrent_requests: 2,
    });
  });

  it('of the day in which a request began pay for it, when it ends on the next one', () => {
    const { store, clock } = start();
    const one = account({ output_tokens_per_day: 100, output_tokens_per_month: 1000 });
    const reservation = admitted(store.reserve(ask([one], { outputCap: 60 })));
    clock.wallMs += DAY_MS;
    expect(remaining(store, one)).toEqual({ output_tokens_per_day: 100, output_tokens_per_month: 940 });
    expect(reservation.extend(500)).toBe(40);
    reservation.settle({ ...NOTHING, outputTokens: 90 });
    expect(remaining(store, one)).toEqual({ output_tokens_per_day: 100, output_tokens_per_month: 910 });
  });

  it('are not corrupted by numbers that are no whole tokens', () => {
    const odd = fc.oneof(fc.constantFrom(Number.NaN, -1, -1e300, 0.1, Infinity, -Infinity, 1e300), fc.double());
    fc.assert(
      fc.property(odd, odd, odd, odd, (inputTokens, outputCap, outputTokens, gpuSeconds) => {
        const { store } = start();
        const free = account({});
        const reservation = admitted(store.reserve(ask([free], { inputTokens, outputCap })));
        reservation.extend(outputTokens);
        reservation.settle({ inputTokens, outputTokens, gpuSeconds });
        const limits = { tokens_per_day: 1e14, input_tokens_per_month: 1e14, output_tokens_per_day: 1e14 };
        for (const standing of store.standings([account(limits)])) {
          expect(standing.remaining).toSatisfy(Number.isInteger);
          expect(standing.remaining).toBeLessThanOrEqual(1e14);
        }
        expect(remaining(store, account({ concurrent_requests: 1 }))).toEqual({ concurrent_requests: 1 });
      }),
    );
  });

  it('a negative cap is no way to reserve nothing', () => {
    const { store } = start();
    expect(admitted(store.reserve(ask([account({})], { outputCap: -5 }))).outputTokens).toBe(1024);
  });
});

describe('buckets', () => {
  it('are full at the start and refill by the limit in a minute', () => {
    const { store, clock } = start();
    const accounts = [account({ requests_per_minute: 2 })];
    for (let count = 0; count < 2; count += 1) admitted(store.reserve(ask(accounts))).settle(NOTHING);
    expect(denied(store.reserve(ask(accounts)))).toMatchObject({ retryAfterMs: 30_000, resetMs: 60_000, remaining: 0 });
    clock.monotonicMs += 29_999;
    expect(denied(store.reserve(ask(accounts))).retryAfterMs).toBe(1);
    clock.monotonicMs += 1;
    admitted(store.reserve(ask(accounts)));
  });

  it('let a request pass that is larger than they are, when they are full', () => {
    const { store, clock } = start();
    const accounts = [account({ tokens_per_minute: 600 })];
    const large = ask(accounts, { inputTokens: 5000, outputCap: 100 });
    const reservation = admitted(store.reserve(large));
    expect(denied(store.reserve(large)).retryAfterMs).toBe(60_000);
    reservation.settle({ inputTokens: 1100, outputTokens: 100, gpuSeconds: 0 });
    expect(denied(store.reserve(large)).retryAfterMs).toBe(120_000);
    clock.monotonicMs += 120_000;
    admitted(store.reserve(large));
  });

  it('never refuse more to a request that runs, and bound the debt that this makes', () => {
    const { store, clock } = start();
    const accounts = [account({ tokens_per_minute: 60 })];
    const reservation = admitted(store.reserve(ask(accounts, { outputCap: 10 })));
    expect(reservation.extend(1_000_000)).toBe(1_000_000);
    reservation.settle({ ...NOTHING, outputTokens: 1_000_010 });
    clock.monotonicMs += 11 * 60_000;
    admitted(store.reserve(ask(accounts, { outputCap: 60 })));
  });

  it('are never fuller than full, however much is given back', () => {
    const { store, clock } = start();
    const accounts = [account({ tokens_per_minute: 60 })];
    const reservation = admitted(store.reserve(ask(accounts, { outputCap: 60 })));
    clock.monotonicMs += 60_000;
    reservation.settle(NOTHING);
    admitted(store.reserve(ask(accounts, { outputCap: 60 })));
    denied(store.reserve(ask(accounts, { outputCap: 1 })));
  });

  it('a request is admitted when the time it was told has passed', () => {
    const limits = fc.integer({ min: 1, max: 10_000_000 });
    fc.assert(
      fc.property(
        limits,
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (most, tokens, atMs) => {
          const { store, clock } = start();
          clock.monotonicMs = atMs;
          const accounts = [account({ tokens_per_minute: most })];
          admitted(store.reserve(ask(accounts, { inputTokens: most }))).settle({ ...NOTHING, inputTokens: most });
          const refusal = denied(store.reserve(ask(accounts, { inputTokens: tokens })));
          clock.monotonicMs += refusal.retryAfterMs ?? 0;
          admitted(store.reserve(ask(accounts, { inputTokens: tokens })));
        },
      ),
    );
  });

  it('do not follow the wall clock', () => {
    const { store, clock } = start();
    const accounts = [account({ requests_per_minute: 1 })];
    admitted(store.reserve(ask(accounts)));
    clock.wallMs += DAY_MS;
    expect(denied(store.reserve(ask(accounts))).retryAfterMs).toBe(60_000);
  });
});

describe('a clock that jumps', () => {
  it('gives no budget twice when it goes back over midnight', () => {
    const { store, clock } = start();
    const one = account({ requests_per_day: 2 });
    clock.wallMs = NOON_MS + DAY_MS / 2;
    admitted(store.reserve(ask([one])));
    clock.wallMs -= 3_600_000;
    admitted(store.reserve(ask([one])));
    denied(store.reserve(ask([one])));
    clock.wallMs += 3_600_000;
    denied(store.reserve(ask([one])));
    clock.wallMs += DAY_MS;
    admitted(store.reserve(ask([one])));
  });

  it('makes no limit wait for a date that is years away, and forgets nothing on the way back', () => {
    const { store, clock } = start();
    const one = account({ requests_per_day: 1 });
    clock.wallMs = NOON_MS + 1000 * DAY_MS;
    admitted(store.reserve(ask([one]))).settle(NOTHING);
    clock.wallMs = NOON_MS;
    expect(denied(store.reserve(ask([one]))).retryAfterMs).toBe(DAY_MS / 2);
    clock.wallMs += DAY_MS / 2;
    admitted(store.reserve(ask([one])));
  });
});

describe('what a denial names', () => {
  it('is the limit that holds longest, and never is the longest', () => {
    const { store } = start();
    const accounts = [
      account({ concurrent_requests: 1, requests_per_day: 1 }, 'key:child'),
      account({ requests_per_minute: 1 }, 'owner:alice'),
    ];
    admitted(store.reserve(ask(accounts)));
    expect(denied(store.reserve(ask(accounts)))).toMatchObject({ limit: 'requests_per_day', account: 'key:child' });
    const tooLarge = [...accounts, account({ input_tokens_per_day: 5 }, 'model:small')];
    expect(denied(store.reserve(ask(tooLarge, { inputTokens: 6 })))).toMatchObject({
      limit: 'input_tokens_per_day',
      account: 'model:small',
      retryAfterMs: null,
    });
  });

  it.each(LIMIT_NAMES)('is never, for %s of 0', (limit) => {
    const { store } = start();
    expect(
      denied(store.reserve(ask([account({ [limit]: 0 })], { inputTokens: 1, outputCap: 1 }))).retryAfterMs,
    ).toBeNull();
  });
});

describe('memory', () => {
  it('forgets who used nothing this month and runs nothing, and nobody else', () => {
    const { store, clock } = start();
    const running = admitted(store.reserve(ask([account({}, 'key:runs')])));
    for (let count = 0; count < 500; count += 1) {
      admitted(store.reserve(ask([account({}, `key:${count}`)]))).settle(NOTHING);
    }
    expect(store.size).toBe(501);
    clock.wallMs += 31 * DAY_MS;
    clock.monotonicMs += 31 * DAY_MS;
    for (let count = 0; count < 500; count += 1) admitted(store.reserve(ask([account({}, 'key:now')]))).settle(NOTHING);
    expect(store.size).toBe(2);
    const limits = { concurrent_requests: 1, requests_per_day: 10 };
    expect(remaining(store, account(limits, 'key:runs'))).toEqual({ concurrent_requests: 0, requests_per_day: 10 });
    running.settle(NOTHING);
    expect(remaining(store, account(limits, 'key:now'))).toEqual({ concurrent_requests: 1, requests_per_day: 0 });
  });
});

describe('restore', () => {
  it('counts what was used today in the day and in the month, earlier days in the month, and older use not at all', () => {
    const { store } = start();
    const past = (atMs: number): Parameters<MemoryLimitStore['restore']>[0][number] => ({
      account: 'key:one',
      requests: 1,
      inputTokens: 3,
      outputTokens: 4,
      gpuSeconds: 0.5,
      atMs,
    });
    store.restore([past(NOON_MS - 1), past(NOON_MS - DAY_MS), past(NOON_MS - 40 * DAY_MS)]);
    const limits = { requests_per_day: 10, tokens_per_day: 10, input_tokens_per_month: 10, gpu_seconds_per_day: 10 };
    expect(remaining(store, account(limits))).toEqual({
      requests_per_day: 9,
      tokens_per_day: 3,
      input_tokens_per_month: 4,
      gpu_seconds_per_day: 9.5,
    });
  });
});

describe('standing', () => {
  it('is the tightest limit on requests and the tightest on tokens, this request counted', () => {
    const { store } = start();
    const accounts = [
      account({ requests_per_day: 10, concurrent_requests: 1, tokens_per_day: 1000 }),
      account({ requests_per_minute: 5, output_tokens_per_month: 50 }, 'owner:alice'),
    ];
    const reservation = admitted(store.reserve(ask(accounts, { inputTokens: 1, outputCap: 20 })));
    expect(reservation.standing()).toMatchObject({
      requests: { limit: 'requests_per_minute', remaining: 4, most: 5, resetMs: 12_000 },
      tokens: { limit: 'output_tokens_per_month', remaining: 30, account: 'owner:alice' },
    });
  });

  it('names what may run at one time only where nothing else limits requests, and nothing where nothing does', () => {
    const { store } = start();
    const reservation = admitted(store.reserve(ask([account({ concurrent_requests: 3 })])));
    expect(reservation.standing()).toMatchObject({ requests: { remaining: 2, resetMs: 0 }, tokens: null });
    expect(admitted(store.reserve(ask([account({})]))).standing()).toEqual({ requests: null, tokens: null });
  });
});
