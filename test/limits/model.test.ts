import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LIMIT_NAMES, type LimitName, type LimitSettings } from '../../src/core/limits.js';
import { isDenial, type Account, type Reservation } from '../../src/limits/limit-store.js';
import { createMemoryLimitStore } from '../../src/limits/memory-limit-store.js';
import { handClock, type HandClock } from '../support/hand-clock.js';
import { NaiveLimits } from './naive-limits.js';

const IDS = ['key:child', 'key:parent', 'owner:alice', 'model:small', 'caller:local:127.0.0.1'];
const HOUR_MS = 3_600_000;
/** Two hours before a month ends. */
const START_MS = Date.UTC(2026, 6, 31, 22);

type Action =
  | { do: 'reserve'; accounts: string[]; input: number; cap: number | null }
  | { do: 'extend'; which: number; tokens: number }
  | { do: 'settle'; which: number; input: number; output: number; gpuSeconds: number }
  | { do: 'cancel'; which: number }
  | { do: 'limit'; account: string; limit: LimitName; most: number | null }
  | { do: 'pass'; seconds: number }
  | { do: 'jump'; wallMs: number };

const tokens = fc.integer({ min: 0, max: 60 });
/** Buckets keep one limit for the whole run and refill whole numbers in whole seconds, so that both sides reckon exactly. */
const buckets = fc.dictionary(
  fc.constantFrom(...IDS),
  fc.record(
    { requests_per_minute: fc.constantFrom(60, 120), tokens_per_minute: fc.constantFrom(60, 120, 240) },
    { requiredKeys: [] },
  ),
);
const windowLimits = LIMIT_NAMES.filter((name) => !name.endsWith('minute'));

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      accounts: fc.subarray(IDS, { minLength: 1 }),
      input: tokens,
      cap: fc.option(tokens),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('extend' as const), which: fc.nat(), tokens }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(),
      input: tokens,
      output: fc.oneof(tokens, fc.integer({ min: 0, max: 3000 })),
      gpuSeconds: fc.nat(5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      account: fc.constantFrom(...IDS),
      limit: fc.constantFrom(...windowLimits),
      most: fc.option(fc.integer({ min: 1, max: 200 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 90 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      wallMs: fc.constantFrom(-2 * HOUR_MS, -HOUR_MS, HOUR_MS, 3 * HOUR_MS, 25 * HOUR_MS, 40 * 24 * HOUR_MS),
    }),
  },
);

/** Both sides, asked the same at the same time. */
class Pair {
  readonly clock: HandClock = handClock(START_MS);
  readonly store = createMemoryLimitStore(this.clock);
  readonly naive = new NaiveLimits();
  readonly limits = new Map<string, LimitSettings>();
  readonly open: { reservation: Reservation; id: number }[] = [];
  #latestMs = START_MS;

  get #moment(): { wallMs: number; monotonicMs: number } {
    return { wallMs: this.clock.wallMs, monotonicMs: this.clock.monotonicMs };
  }

  account(id: string): Account {
    return { id, limits: this.limits.get(id) ?? {} };
  }

  take(step: Action): void {
    if (step.do === 'reserve') return this.#reserve(step);
    if (step.do === 'limit') {
      this.limits.set(step.account, { ...this.limits.get(step.account), [step.limit]: step.most });
      return;
    }
    if (step.do === 'pass') return this.clock.pass(step.seconds * 1000);
    if (step.do === 'jump') return this.#jump(step.wallMs);
    const one = this.open[step.which % Math.max(1, this.open.length)];
    if (one === undefined) return;
    if (step.do === 'extend') {
      expect(one.reservation.extend(step.tokens)).toBe(this.naive.extend(one.id, step.tokens, this.#moment));
      return;
    }
    if (step.do === 'cancel') {
      one.reservation.cancel();
      this.naive.cancel(one.id, this.#moment);
      return;
    }
    const used = { inputTokens: step.input, outputTokens: step.output, gpuSeconds: step.gpuSeconds };
    one.reservation.settle(used);
    this.naive.settle(one.id, used, this.#moment);
  }

  compareAll(): void {
    for (const id of IDS) {
      const account = this.account(id);
      for (const { limit, remaining } of this.store.standings([account])) {
        expect([id, limit, remaining]).toEqual([id, limit, this.naive.remaining(account, limit, this.#moment)]);
      }
    }
  }

  settleAll(): void {
    for (const { reservation, id } of this.open) {
      reservation.settle({ inputTokens: 0, outputTokens: 0, gpuSeconds: 0 });
      this.naive.settle(id, { inputTokens: 0, outputTokens: 0, gpuSeconds: 0 }, this.#moment);
    }
  }

  #reserve(step: Extract<Action, { do: 'reserve' }>): void {
    const accounts = step.accounts.map((id) => this.account(id));
    const ask = { accounts, inputTokens: step.input, outputCap: step.cap, defaultOutputTokens: 20 };
    const answer = this.store.reserve(ask);
    const expected = this.naive.reserve({ accounts, input: step.input, wanted: step.cap ?? 20 }, this.#moment);
    if ('reasons' in expected) {
      if (!isDenial(answer)) throw new Error(`admitted in spite of ${JSON.stringify(expected.reasons)}`);
      const { limit, account, retryAfterMs: waitMs } = answer;
      expect(expected.reasons).toContainEqual({ limit, account, waitMs });
      const longest = Math.max(...expected.reasons.map((one) => one.waitMs ?? Number.POSITIVE_INFINITY));
      expect(waitMs ?? Number.POSITIVE_INFINITY).toBe(longest);
      return;
    }
    if (isDenial(answer)) throw new Error(`denied: ${JSON.stringify(answer)}`);
    expect([answer.outputTokens, answer.outputLeft]).toEqual([expected.output, expected.outputLeft]);
    this.open.push({ reservation: answer, id: expected.id });
  }

  /** Back by less than a day behind the latest time that was ever shown. */
  #jump(wallMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, this.clock.wallMs);
    this.clock.wallMs = Math.max(this.clock.wallMs + wallMs, this.#latestMs - 23 * HOUR_MS);
  }
}

it('decides like limits that reckon everything from the whole history, in 1000 random interleavings', () => {
  fc.assert(
    fc.property(buckets, fc.array(action, { minLength: 10, maxLength: 60 }), (bucketLimits, actions) => {
      const pair = new Pair();
      for (const [id, limits] of Object.entries(bucketLimits)) pair.limits.set(id, limits);
      for (const step of actions) pair.take(step);
      pair.compareAll();
    }),
    { numRuns: 1000 },
  );
});

it('every counter is back at zero when all that ran has used nothing', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const pair = new Pair();
      for (const step of actions) if (step.do !== 'settle') pair.take(step);
      pair.settleAll();
      pair.clock.pass(20 * 60_000);
      const all = LIMIT_NAMES.filter((name) => !name.startsWith('requests'));
      const limits = Object.fromEntries(all.map((name) => [name, 1000]));
      const standings = pair.store.standings(IDS.map((id) => ({ id, limits })));
      expect(standings.filter(({ remaining }) => remaining !== 1000)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('a store that was restored decides like one that never stopped', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), fc.array(action, { maxLength: 30 }), (before, after) => {
      const first = new Pair();
      for (const step of before) first.take(step);
      first.settleAll();
      const second = new Pair();
      second.clock.wallMs = first.clock.wallMs;
      second.store.restore(first.naive.pastUse());
      // What the running clock has already shown, the new start cannot know.
      fc.pre(first.naive.latestMs === first.clock.wallMs);
      for (const pair of [first, second]) pair.open.length = 0;
      for (const step of after) {
        if (step.do !== 'reserve') continue;
        const ask = {
          accounts: step.accounts.map((id) => first.account(id)),
          inputTokens: step.input,
          outputCap: step.cap,
          defaultOutputTokens: 20,
        };
        const [one, other] = [first.store.reserve(ask), second.store.reserve(ask)];
        expect(isDenial(other)).toBe(isDenial(one));
        if (isDenial(one) || isDenial(other)) expect(other).toEqual(one);
        else expect([other.outputTokens, other.outputLeft]).toEqual([one.outputTokens, one.outputLeft]);
      }
    }),
    { numRuns: 300 },
  );
});
