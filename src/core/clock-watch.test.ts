import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';
import { watchClock } from './clock-watch.js';
import { silentLog } from './log.js';

/** Tells of each move of a wall clock that moved so between two looks, a second apart. */
function told(movesMs: readonly number[]): number[] {
  const heard: number[] = [];
  let look = (): void => undefined;
  const time = { wallMs: 1_800_000_000_000, monotonicMs: 1000 };
  const clock: Clock = {
    now: () => time.wallMs,
    monotonic: () => time.monotonicMs,
    after: () => () => undefined,
    every(_, fire) {
      look = fire;
      return () => undefined;
    },
  };
  watchClock(clock, { ...silentLog, warn: (fields) => void heard.push((fields as { movedMs: number }).movedMs) });
  for (const movedMs of movesMs) {
    time.wallMs += 1000 + movedMs;
    time.monotonicMs += 1000;
    look();
  }
  return heard;
}

describe('a wall clock that is set', () => {
  it('is told once, with how far and which way', () => {
    expect(told([0, 86_400_000, 0, 0, -3_600_000, 0])).toEqual([86_400_000, -3_600_000]);
  });

  it('is not told for what a time service corrects, and is when that adds up', () => {
    expect(told([400, -900, 5000, -4000])).toEqual([]);
    expect(told([3000, 3000])).toEqual([6000]);
  });

  it('is never more than the told moves and five seconds away from where it is believed to be', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 })), (moves) => {
        const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
        expect(Math.abs(sum(moves) - sum(told(moves)))).toBeLessThanOrEqual(5000);
      }),
    );
  });
});
