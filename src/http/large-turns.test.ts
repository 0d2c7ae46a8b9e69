import { describe, expect, it } from 'vitest';
import { LargeTurns } from './large-turns.js';

const LARGE = Buffer.alloc(300_000);

describe('large bodies', () => {
  it('are judged one in a turn of the event loop, in the order in which they came', async () => {
    const turns = new LargeTurns();
    const judged: number[] = [];
    for (let at = 0; at < 5; at += 1) void turns.next(LARGE)?.then(() => judged.push(at));
    const seen: number[] = [];
    while (judged.length < 5) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(judged.length);
    }
    expect(judged).toEqual([0, 1, 2, 3, 4]);
    for (const [at, count] of seen.entries()) expect(count - (seen[at - 1] ?? 0)).toBeLessThanOrEqual(1);
  });

  it('leave small ones alone', () => {
    const turns = new LargeTurns();
    void turns.next(LARGE);
    expect(turns.next(Buffer.alloc(200_000))).toBeNull();
  });
});
