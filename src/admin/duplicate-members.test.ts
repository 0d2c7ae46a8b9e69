import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateMember } from './duplicate-members.js';

describe('members named twice', () => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['[{"b":[1,{"x":1}]},{"b":{"x":1,"y":"}","x":2}}]', 'x'],
    ['{"a\\"":"{","b":"\\\\","a\\"":1}', 'a"'],
    ['{"a":{"a":{"a":1}},"b":["a","a"]}', null],
    ['{"a":"a","b":"b,\\"a\\":1"}', null],
    ['"a"', null],
  ])('%s', (json, name) => {
    expect(duplicateMember(json)).toBe(name);
  });

  it('are never seen in what was written from an object', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(0, 2),
        (value, indent) => duplicateMember(JSON.stringify(value, null, indent)) === null,
      ),
    );
  });
});
