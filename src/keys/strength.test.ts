import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimatedBits, isStrong } from './strength.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const alphanumeric = (length: number): string =>
  Array.from(randomBytes(length), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');

describe('the strength of an imported secret', () => {
  it('random tokens of 32 letters and digits are strong', () => {
    const weak = Array.from({ length: 2000 }, () => alphanumeric(32)).filter((token) => !isStrong(token));
    expect(weak).toEqual([]);
  });

  it('less than 22 characters are never strong', () => {
    fc.assert(fc.property(fc.string({ maxLength: 21 }), (text) => !isStrong(text)));
  });

  it.each([
    ['a published sample', 'change-me-demo-key-123'],
    ['words', 'correct-horse-battery-staple-and-more'],
    ['one character', 'a'.repeat(64)],
    ['a piece again and again', 'Ab3$xYz9'.repeat(8)],
    ['a row of the keyboard', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['a number', '12345678901234567890123456789012'],
  ])('%s is weak, however long', (_name, secret) => {
    expect(isStrong(secret)).toBe(false);
  });

  it('more text never makes a secret weaker by more than its words are worth', () => {
    const token = alphanumeric(30);
    expect(estimatedBits(`${token}x7Q`)).toBeGreaterThanOrEqual(estimatedBits(token));
  });
});
