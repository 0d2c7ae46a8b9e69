import { expect, it } from 'vitest';
import { createBackoff } from './backoff.js';

it('pauses double from half a second to a minute, and begin anew after a stable run', () => {
  const backoff = createBackoff();
  const pauses = Array.from({ length: 10 }, () => backoff.next(1000));
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect([backoff.next(60_000), backoff.next(59_999)]).toEqual([500, 1000]);
});
