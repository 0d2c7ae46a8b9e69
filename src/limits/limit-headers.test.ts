import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limitHeaders } from './limit-headers.js';
import type { Standing } from './limit-store.js';

const NOW_MS = Date.UTC(2026, 6, 15, 12);

function standing(more: Partial<Standing>): Standing {
  return { limit: 'requests_per_minute', account: 'key:one', most: 60, remaining: 59, resetMs: 1000, ...more };
}

function reset(resetMs: number): string | undefined {
  return limitHeaders({ requests: standing({ resetMs }), tokens: null }, 'openai', NOW_MS)[5];
}

it('spells limit, remaining and reset for requests and for tokens as OpenAI does', () => {
  const tokens = standing({ limit: 'tokens_per_day', most: 1000, remaining: 10, resetMs: 43_200_000 });
  expect(limitHeaders({ requests: standing({}), tokens }, 'openai', NOW_MS)).toEqual([
    ...['x-ratelimit-limit-requests', '60', 'x-ratelimit-remaining-requests', '59'],
    ...['x-ratelimit-reset-requests', '1s'],
    ...['x-ratelimit-limit-tokens', '1000', 'x-ratelimit-remaining-tokens', '10'],
    ...['x-ratelimit-reset-tokens', '12h0m0s'],
  ]);
});

it('spells them as Anthropic does on its routes, the reset as a time of RFC 3339', () => {
  const tokens = standing({ limit: 'output_tokens_per_day', most: 1000, remaining: 10, resetMs: 43_200_000 });
  expect(limitHeaders({ requests: standing({ resetMs: 1 }), tokens }, 'anthropic', NOW_MS)).toEqual([
    ...['anthropic-ratelimit-requests-limit', '60', 'anthropic-ratelimit-requests-remaining', '59'],
    ...['anthropic-ratelimit-requests-reset', '2026-07-15T12:00:01Z'],
    ...['anthropic-ratelimit-output-tokens-limit', '1000', 'anthropic-ratelimit-output-tokens-remaining', '10'],
    ...['anthropic-ratelimit-output-tokens-reset', '2026-07-16T00:00:00Z'],
  ]);
});

it('names the very second in which a day begins anew, also when it is asked a moment after it was reckoned', () => {
  const tokens = standing({ limit: 'tokens_per_day', resetMs: 43_200_000 });
  for (const laterMs of [-3, 0, 3])
    expect(limitHeaders({ requests: null, tokens }, 'anthropic', NOW_MS + laterMs)[5]).toBe('2026-07-16T00:00:00Z');
});

it('says nothing of what is not limited', () => {
  expect(limitHeaders({ requests: null, tokens: null }, 'openai', NOW_MS)).toEqual([]);
  expect(limitHeaders({ requests: standing({}), tokens: null }, 'anthropic', NOW_MS)).toHaveLength(6);
});

it('writes a reset below a minute as whole seconds, rounded up, and longer ones as Go does', () => {
  const written = [0, 1, 200, 1000, 1001, 59_000, 59_001, 360_000, 3_600_000, 43_170_000].map(reset);
  expect(written).toEqual(['0s', '1s', '1s', '1s', '2s', '59s', '1m0s', '6m0s', '1h0m0s', '11h59m30s']);
});

it('a reset never comes too early, and less than a second too late', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 3e9, noNaN: true }), (resetMs) => {
      const parts = /^(?:(\d+)h)?(?:(\d+)m)?(\d+)s$/.exec(reset(resetMs) ?? '');
      const [hours, minutes, seconds] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
      const readMs = ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? Number.NaN)) * 1000;
      expect(readMs - resetMs).toBeGreaterThanOrEqual(0);
      expect(readMs - resetMs).toBeLessThan(1000);
    }),
  );
});
