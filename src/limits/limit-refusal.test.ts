import { describe, expect, it } from 'vitest';
import { headerValue } from '../core/headers.js';
import { LIMIT_NAMES, type LimitName } from '../core/limits.js';
import { limitRefusal } from './limit-refusal.js';
import type { Denial, Standing } from './limit-store.js';

const NOON_MS = Date.UTC(2026, 6, 15, 12);
const HALF_DAY_MS = 43_200_000;

function denial(limit: LimitName, more: Partial<Denial> = {}): Denial {
  return { limit, account: 'key:one', most: 60, remaining: 0, resetMs: 60_000, retryAfterMs: 1500, ...more };
}

function refused(one: Denial, standings: readonly Standing[] = [one]): ReturnType<typeof limitRefusal> {
  return limitRefusal(one, { self: 'key:one', standings, style: 'openai', nowMs: NOON_MS });
}

function retry(one: Denial): (string | undefined)[] {
  const { headers } = refused(one);
  return ['retry-after', 'retry-after-ms', 'x-should-retry'].map((name) => headerValue(headers, name));
}

describe('rates', () => {
  it.each([
    ['requests_per_minute', 'requests'],
    ['tokens_per_minute', 'tokens'],
    ['concurrent_requests', 'requests'],
    ['requests_per_day', 'requests'],
  ] as const)('%s is refused with 429 rate_limit_exceeded of type %s', (limit, type) => {
    expect(refused(denial(limit))).toMatchObject({ code: 'rate_limit_exceeded', status: 429, type });
  });

  it('say when to come back, in whole seconds from 1 on and in milliseconds', () => {
    expect(retry(denial('requests_per_minute'))).toEqual(['2', '1500', undefined]);
    expect(retry(denial('tokens_per_minute', { retryAfterMs: 3 }))).toEqual(['1', '3', undefined]);
    expect(retry(denial('concurrent_requests', { retryAfterMs: 1000 }))).toEqual(['1', '1000', undefined]);
  });

  it('of a day, and longer waits than clients accept, are not worth a retry by itself', () => {
    expect(retry(denial('requests_per_day', { retryAfterMs: 9000 }))).toEqual(['9', '9000', 'false']);
    expect(retry(denial('tokens_per_minute', { retryAfterMs: 60_001 }))).toEqual(['61', '60001', 'false']);
  });
});

describe('budgets', () => {
  const budgets = LIMIT_NAMES.filter((name) => /token.*(day|month)|gpu/.test(name));

  it.each(budgets)('%s is refused with 429 insufficient_quota, and nobody is told to retry', (limit) => {
    const one = denial(limit, { retryAfterMs: HALF_DAY_MS });
    expect(refused(one)).toMatchObject({ code: 'insufficient_quota', status: 429, type: 'insufficient_quota' });
    expect(retry(one)).toEqual([undefined, undefined, 'false']);
  });

  it('say when they begin anew', () => {
    expect(refused(denial('tokens_per_day', { retryAfterMs: HALF_DAY_MS })).publicMessage).toBe(
      'The limit tokens_per_day of this key is 60 and is used up. It begins anew at 2026-07-16T00:00:00Z; until then ask for a higher limit.',
    );
    expect(refused(denial('tokens_per_day', { retryAfterMs: HALF_DAY_MS, remaining: 5 })).publicMessage).toContain(
      'the 5 left are too few for this request',
    );
  });
});

it.each(LIMIT_NAMES)('a request that asks for more than %s ever is, is told so and not to retry', (limit) => {
  const one = denial(limit, { retryAfterMs: null });
  expect(retry(one)).toEqual([undefined, undefined, 'false']);
  expect(refused(one).publicMessage).toMatch(
    new RegExp(`${limit} of this key is 60, and this request alone needs more`),
  );
});

describe('whose limit it was', () => {
  it.each([
    ['key:one', 'key:one', 'of this key is'],
    ['key:parent-of-one', 'key:one', 'of the key this one was derived from is'],
    ['owner:alice', 'key:one', "of this key's owner is"],
    ['model:small', 'key:one', 'of this model is'],
    ['caller:jwt:bob', 'caller:jwt:bob', 'of this caller is'],
  ])('%s is said to %s without a name', (account, self, words) => {
    const one = denial('requests_per_minute', { account });
    const refusal = limitRefusal(one, { self, standings: [one], style: 'openai', nowMs: NOON_MS });
    expect(refusal.publicMessage).toContain(
      `The limit requests_per_minute ${words} 60 and is used up. Try again in 2 s.`,
    );
    expect(refusal.publicMessage).not.toMatch(/alice|parent-of|small|bob/);
    expect(refusal.reason).toContain(account);
  });
});

describe('headers of that moment', () => {
  it('show the limit that refused, and the tightest of the other kind', () => {
    const one = denial('concurrent_requests', { most: 4, resetMs: 0 });
    const others: Standing[] = [
      { limit: 'requests_per_day', account: 'key:one', most: 100, remaining: 50, resetMs: 1 },
      { limit: 'tokens_per_minute', account: 'owner:alice', most: 900, remaining: 300, resetMs: 40_000 },
      { limit: 'tokens_per_day', account: 'key:one', most: 5000, remaining: 4000, resetMs: 1 },
    ];
    const { headers } = refused(one, [one, ...others]);
    expect(headerValue(headers, 'x-ratelimit-limit-requests')).toBe('4');
    expect(headerValue(headers, 'x-ratelimit-remaining-requests')).toBe('0');
    expect(headerValue(headers, 'x-ratelimit-limit-tokens')).toBe('900');
    expect(headerValue(headers, 'x-ratelimit-reset-tokens')).toBe('40s');
  });

  it('say nothing of engine time, for which there is no header', () => {
    expect(refused(denial('gpu_seconds_per_day')).headers).toEqual(['x-should-retry', 'false']);
  });
});
