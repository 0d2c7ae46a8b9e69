import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.js';

const NAMES = ['listen', 'listeners', 'public_url', 'models', 'tls'];

describe('nearest', () => {
  it.each([
    ['listn', 'listen'],
    ['listenres', 'listeners'],
    ['Models', 'models'],
    ['model', 'models'],
    ['publicurl', 'public_url'],
    ['tsl', 'tls'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearest(typed, NAMES)).toBe(meant);
  });

  it.each(['', 'x', 'database', 'qwertz', 'a'.repeat(100_000)])('finds nothing near %.20s', (typed) => {
    expect(nearest(typed, NAMES)).toBeNull();
  });

  it('finds an exact name among any others', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1 }), (names) => {
        const [first = ''] = names;
        expect(nearest(first, names)?.toLowerCase()).toBe(first.toLowerCase());
      }),
    );
  });
});
