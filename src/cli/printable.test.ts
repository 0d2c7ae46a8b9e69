import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moment, printable } from './printable.js';

describe('text of others on a terminal', () => {
  it('cannot move the cursor, colour, break a line or turn the direction of writing', () => {
    expect(printable('a\u001b[2Jb\nc\u202ed\u009be')).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{9b}e');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('stays as it is when there is nothing hidden in it', () => {
    fc.assert(fc.property(fc.stringMatching(/^[ -~äé漢😀]*$/u), (text) => printable(text) === text));
  });

  it('times are shown in UTC to the minute', () => {
    expect([moment(1_700_000_000), moment(null), moment(null, 'never')]).toEqual(['2023-11-14 22:13', '-', 'never']);
  });
});
