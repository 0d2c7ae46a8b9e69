import { createHash, randomBytes, scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../core/clock.js';
import { createSlowHasher, digestOf } from './hash.js';

const salt = randomBytes(16);

/** A clock that stands still; what is to happen later is kept. */
function standingClock(): Clock & { later: { delayMs: number; fire: () => void }[] } {
  const later: { delayMs: number; fire: () => void }[] = [];
  return {
    later,
    now: () => 0,
    monotonic: () => 0,
    after(delayMs, fire) {
      later.push({ delayMs, fire });
      return () => undefined;
    },
    every: () => () => undefined,
  };
}

describe('the fast hash', () => {
  test('is SHA-256 of the UTF-8 text', () => {
    expect(Buffer.from(digestOf('kp_é'))).toEqual(createHash('sha256').update('kp_é').digest());
  });
});

describe('the slow hash', () => {
  test('is scrypt with the salt of the installation', async () => {
    const digest = await createSlowHasher(salt, standingClock()).digest('hunter2');
    expect(Buffer.from(digest)).toEqual(scryptSync('hunter2', salt, 32));
  });

  test('is computed once for a candidate, however often and however many ask at once', async () => {
    const clock = standingClock();
    const hasher = createSlowHasher(salt, clock);
    const answers = await Promise.all(Array.from({ length: 100 }, () => hasher.digest('hunter2')));
    expect(new Set(answers).size).toBe(1);
    expect(clock.later).toEqual([]);
    expect(await hasher.digest('hunter2')).toBe(answers[0]);
  });

  test('new candidates take turns of 200 ms, and beyond five seconds of them the next is told to wait', async () => {
    const clock = standingClock();
    const hasher = createSlowHasher(salt, clock);
    const accepted = Array.from({ length: 26 }, (_, at) => hasher.digest(`candidate ${at}`));
    expect(clock.later.map((turn) => turn.delayMs)).toEqual(Array.from({ length: 25 }, (_, at) => (at + 1) * 200));
    await expect(hasher.digest('one too many')).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      headers: ['retry-after', '5'],
    });
    for (const turn of clock.later) turn.fire();
    expect(await Promise.all(accepted)).toHaveLength(26);
  });

  test('an empty or short salt is refused', () => {
    expect(() => createSlowHasher(new Uint8Array(0), standingClock())).toThrow('16');
    expect(() => createSlowHasher(randomBytes(15), standingClock())).toThrow('16');
  });
});
