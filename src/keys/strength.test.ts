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

  it('128 random bits in hexadecimal are strong', () => {
    const tokens = Array.from({ length: 2000 }, () => randomBytes(16).toString('hex'));
    // What comes by chance as evenly as a row of digits may be taken for one.
    expect(tokens.filter((token) => !isStrong(token)).length).toBeLessThan(20);
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
    ['a row of hexadecimal digits', '0123456789abcdef0123456789abcdee'],
    ['pairs of digits', '00112233445566778899aabbccddeeff'],
    ['random decimal digits', '83920174650291837465019283746501'],
    ['a number', '12345678901234567890123456789012'],
  ])('%s is weak, however long', (_name, secret) => {
    expect(isStrong(secret)).toBe(false);
  });

  it('more text never makes a secret weaker by more than its words are worth', () => {
    const token = alphanumeric(30);
    expect(estimatedBits(`${token}x7Q`)).toBeGreaterThanOrEqual(estimatedBits(token));
  });
});
