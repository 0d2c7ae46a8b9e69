import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlSearch } from './control-search.js';

describe('looking for control characters', () => {
  it('finds one wherever it stands, and none where there is none, however the bytes lie in memory', () => {
    const byte = fc.oneof(
      { weight: 200, arbitrary: fc.integer({ min: 0x20, max: 0xff }) },
      fc.integer({ min: 0, max: 0x1f }),
    );
    fc.assert(
      fc.property(
        fc.array(byte, { minLength: 1, maxLength: 1200 }),
        fc.nat({ max: 7 }),
        fc.nat(),
        fc.nat(),
        (values, offset, one, other) => {
          const memory = Buffer.alloc(values.length + offset + 3);
          const bytes = memory.subarray(offset, offset + values.length);
          bytes.set(values);
          const [from, to] = [one % values.length, other % (values.length + 1)].toSorted((a, b) => a - b) as [
            number,
            number,
          ];
          const expected = values.slice(from, to).some((value) => value < 0x20);
          expect(new ControlSearch(bytes).standBetween(from, to)).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('looks at every byte of a long text', () => {
    const bytes = Buffer.alloc(600, 0x80).fill(0xff, 300);
    const search = new ControlSearch(bytes);
    expect(search.standBetween(0, bytes.length)).toBe(false);
    for (let at = 0; at < bytes.length; at += 1) {
      const before = bytes[at] ?? 0;
      bytes[at] = 0x1f;
      expect(search.standBetween(0, bytes.length)).toBe(true);
      bytes[at] = before;
    }
  });
});
