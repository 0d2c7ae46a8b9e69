import { describe, expect, it } from 'vitest';
import { byteSize, duration, relativeTime, shortNumber } from './format.js';

const NOW = 1_800_000_000;

describe('times and numbers', () => {
  it('a time is told in the largest unit that fits', () => {
    expect(relativeTime(NOW - 3, NOW)).toBe('just now');
    expect(relativeTime(NOW - 90, NOW)).toBe('1 minute ago');
    expect(relativeTime(NOW + 3 * 3600 + 60, NOW)).toBe('in 3 hours');
    expect(relativeTime(NOW - 86_400, NOW)).toBe('yesterday');
    expect(relativeTime(NOW - 119, NOW)).toBe('1 minute ago');
    expect(relativeTime(NOW + 30 * 86_400 - 20, NOW)).toBe('in 30 days');
    expect(relativeTime(NOW + 40 * 86_400, NOW)).toBe('next month');
  });

  it('a duration changes its unit where people do', () => {
    expect([null, 0, 999, 1000, 61_000, 3_660_000].map(duration)).toEqual([
      '–',
      '0 ms',
      '999 ms',
      '1.0 s',
      '1 min 1 s',
      '1 h 1 min',
    ]);
  });

  it('large numbers are short, small ones exact', () => {
    expect([0, 9_999, 12_345, 3_400_000].map(shortNumber)).toEqual(['0', '9,999', '12.3K', '3.4M']);
    expect([999, 1_500, 2_000_000].map(byteSize)).toEqual(['999 B', '1.5 kB', '2.0 MB']);
  });
});
