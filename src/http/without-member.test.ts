import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanObject } from './json-scan.js';
import { withoutMember } from './without-member.js';

/** An object as text, with spaces of any kind between its parts. */
const written = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1, maxKeys: 6 }),
    fc.constantFrom('', ' ', '\n\t'),
  )
  .map(([object, space]) => {
    const members = Object.entries(object).map(
      ([name, value]) => `${JSON.stringify(name)}${space}:${space}${JSON.stringify(value)}`,
    );
    return { object, text: `${space}{${space}${members.join(`${space},${space}`)}${space}}${space}` };
  });

describe('a member taken out of a body', () => {
  it('leaves every other member with its value, in its order', () => {
    fc.assert(
      fc.property(written, fc.nat(), ({ text }, any) => {
        const bytes = Buffer.from(text);
        const members = scanObject(bytes);
        const at = any % members.length;
        const rest = withoutMember(bytes, members, at);
        const valuesOf = (from: Buffer): [string, string][] =>
          scanObject(from).map(({ name, from: start, to }) => [name, from.toString('utf8', start, to)]);
        expect(valuesOf(rest)).toEqual(valuesOf(bytes).toSpliced(at, 1));
      }),
    );
  });

  it('takes no byte of another member with it', () => {
    const bytes = Buffer.from('{ "a" : "x,}" , "token":"t", "b":[ 1 ] }');
    expect(withoutMember(bytes, scanObject(bytes), 1).toString()).toBe('{ "a" : "x,}", "b":[ 1 ] }');
  });
});
