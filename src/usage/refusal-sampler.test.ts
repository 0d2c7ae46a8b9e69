import { expect, test } from 'vitest';
import { systemClock } from '../core/clock.js';
import { RefusalSampler } from './refusal-sampler.js';

const MINUTE = 30_000_000;

function samplerAt(time: { ms: number }): RefusalSampler {
  return new RefusalSampler({ ...systemClock, now: () => MINUTE * 60_000 + time.ms, monotonic: () => time.ms });
}

test('of each code twenty a second are logged, and all are counted', () => {
  const time = { ms: 0 };
  const sampler = samplerAt(time);
  const logged = (code: string): number => Array.from({ length: 50 }, () => sampler.admit(code)).filter(Boolean).length;
  expect([logged('invalid_api_key'), logged('unknown_url'), logged('unknown_url')]).toEqual([20, 20, 0]);
  time.ms = 1000;
  expect(logged('unknown_url')).toBe(20);
  expect(sampler.take()).toEqual([
    { minute: MINUTE, code: 'invalid_api_key', refused: 50, logged: 20 },
    { minute: MINUTE, code: 'unknown_url', refused: 150, logged: 40 },
  ]);
  expect(sampler.take()).toEqual([]);
});

test('counts that could not be written are added to the next ones', () => {
  const sampler = samplerAt({ ms: 0 });
  sampler.admit('unknown_url');
  const taken = sampler.take();
  sampler.admit('unknown_url');
  sampler.putBack(taken);
  expect(sampler.take()).toEqual([{ minute: MINUTE, code: 'unknown_url', refused: 2, logged: 2 }]);
});

test('months without a disk keep the number of counters bounded and the sum exact', () => {
  const time = { ms: 0 };
  const sampler = samplerAt(time);
  for (let minute = 0; minute < 50_000; minute++) {
    time.ms = minute * 60_000;
    sampler.admit('unknown_url');
  }
  const counts = sampler.take();
  expect(counts.length).toBeLessThanOrEqual(5001);
  expect(counts.reduce((sum, count) => sum + count.refused, 0)).toBe(50_000);
});
