import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/core/caller.js';
import { askLimits } from '../../src/gateway/explain-limits.js';
import type { Limits } from '../../src/gateway/limits.js';
import { isDenial, type Account } from '../../src/limits/limit-store.js';
import { createMemoryLimitStore } from '../../src/limits/memory-limit-store.js';
import { SimulatedClock } from '../../src/usage/simulated-clock.js';

const START_MS = Date.UTC(2026, 1, 27, 20);
const HOUR_MS = 3_600_000;

const amount = fc.option(fc.integer({ min: 1, max: 8 }));
const settings = fc.record({
  requests_per_minute: amount,
  requests_per_day: amount,
  tokens_per_minute: amount,
  tokens_per_day: amount,
  output_tokens_per_day: amount,
  tokens_per_month: amount,
  gpu_seconds_per_day: amount,
});
const requests = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 0, max: 2 * HOUR_MS })),
    outputTokens: fc.integer({ min: 1, max: 10 }),
    gpuSeconds: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 12 },
);

test('a request that the limits refuse passes at the second that explain names, and not a second before', () => {
  return fc.assert(
    fc.asyncProperty(settings, requests, async (limits, past) => {
      const clock = new SimulatedClock();
      clock.moveTo(START_MS);
      const store = createMemoryLimitStore(clock);
      const accounts: Account[] = [{ id: 'key:abcdefghijkl', limits }];
      const accounting = { accounts, defaultOutputTokens: 1, weight: 1, priority: 'normal' as const };
      const counted: Limits = { store, accountsOf: () => accounting };
      const reserve = (outputCap: number) =>
        store.reserve({ accounts, inputTokens: 0, outputCap, defaultOutputTokens: 1 });
      for (const { afterMs, outputTokens, gpuSeconds } of past) {
        clock.moveTo(clock.now() + afterMs);
        const answer = reserve(outputTokens);
        if (!isDenial(answer)) answer.settle({ inputTokens: 0, outputTokens, gpuSeconds });
      }
      const question = { caller: {} as Caller, model: null, nowMs: clock.now(), isAnotherTime: false };
      const { refusal, nextPassAt } = askLimits(counted, question);
      if (refusal !== null) {
        const passesMs = (nextPassAt ?? 0) * 1000;
        if (passesMs - 1000 > clock.now()) {
          clock.moveTo(passesMs - 1000);
          expect(isDenial(reserve(1))).toBe(true);
        }
        clock.moveTo(passesMs);
      }
      expect(isDenial(reserve(1))).toBe(false);
    }),
    { numRuns: 500 },
  );
});
