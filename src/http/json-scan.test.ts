import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import { MAX_DEPTH, MAX_MEMBERS, scanObject } from './json-scan.js';
import { readHead, withModel } from './read-head.js';

function refusalOf(text: string | Buffer): string | null {
  try {
    readHead(Buffer.from(text));
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

describe('scanning a JSON body', () => {
  it('finds exactly the members that JSON.parse finds, at their places', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })),
        fc.constantFrom(undefined, 1, '\t'),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          const bytes = Buffer.from(text);
          const found = scanObject(bytes).map((member) => [
            member.name,
            JSON.parse(bytes.toString('utf8', member.from, member.to)) as unknown,
          ]);
          const expected = Object.entries(JSON.parse(text) as object);
          expect(new Map(found as [string, unknown][])).toEqual(new Map(expected));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('accepts and refuses the same damaged texts as JSON.parse', () => {
    const sound = '{"a":[1,-0.5e+3,true,null,"x\\u00e9\\n"],"model":"m","b":{"c":[],"d":{}}}';
    const damage = fc.record({
      at: fc.nat(sound.length),
      cut: fc.nat(3),
      put: fc.constantFrom('', '"', '\\', '{', '}', ',', ':', '0', '-', 'e', ' ', '\u0001', 'tru', '[', ']', '.'),
    });
    fc.assert(
      fc.property(damage, ({ at, cut, put }) => {
        const text = sound.slice(0, at) + put + sound.slice(at + cut);
        let accepted = true;
        try {
          scanObject(Buffer.from(text));
        } catch (error) {
          accepted = error instanceof Refusal && error.code === 'duplicate_member';
        }
        expect(accepted).toBe(parses(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['{"model":"a","model":"b"}', 'duplicate_member'],
    ['{"model":"a","\\u006dodel":"b"}', 'duplicate_member'],
    ['{"Model":"a"}', 'invalid_value'],
    ['{"\u017ftream":true}', 'invalid_value'],
    ['{"max_to\u212aens":1}', 'invalid_value'],
    ['{"model":["a"]}', 'invalid_value'],
    ['{"model":""}', 'invalid_value'],
    ['{"stream":"true"}', 'invalid_value'],
    ['{"max_tokens":1e400}', 'invalid_value'],
    ['{"max_tokens":1.5}', 'invalid_value'],
    ['{"max_tokens":"10"}', 'invalid_value'],
    ['{"max_tokens":9007199254740993}', 'invalid_value'],
    ['{"n":-2}', 'invalid_value'],
    ['[]', 'invalid_json'],
    ['', 'invalid_json'],
    ['null', 'invalid_json'],
    ['\ufeff{}', 'invalid_json'],
    ['{"a":1}x', 'invalid_json'],
    ['{"a":01}', 'invalid_json'],
    ['{"a":"\t"}', 'invalid_json'],
    ['{"a":"unended', 'invalid_json'],
  ])('refuses %s with %s', (text, code) => {
    expect(refusalOf(text)).toBe(code);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusalOf(Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]))).toBe('invalid_json');
    expect(refusalOf(Buffer.from('{"a":1}', 'utf16le'))).toBe('invalid_json');
  });

  it('takes the greatest depth and member count and refuses one more', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(refusalOf(nested(MAX_DEPTH))).toBeNull();
    expect(refusalOf(nested(MAX_DEPTH + 1))).toBe('invalid_value');
    const wide = (count: number): string => `{"a":[${new Array<string>(count - 1).fill('1').join(',')}]}`;
    expect(refusalOf(wide(MAX_MEMBERS))).toBeNull();
    expect(refusalOf(wide(MAX_MEMBERS + 1))).toBe('invalid_value');
  });

  it('lets -1 pass as "no cap" and reads model and stream', () => {
    expect(readHead(Buffer.from('{"max_tokens":-1,"model":"a\\u002fb","stream":true}'))).toMatchObject({
      model: 'a/b',
      stream: true,
    });
  });

  it('changes the model and not one other value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.option(fc.stringMatching(/^[a-z/]{1,9}$/)),
        fc.boolean(),
        (rest, model, spaced) => {
          delete rest['model'];
          const before = model === null ? rest : { ...rest, model };
          const bytes = Buffer.from(JSON.stringify(before, null, spaced ? 2 : 0));
          let head;
          try {
            head = readHead(bytes);
          } catch {
            return;
          }
          expect(JSON.parse(withModel(bytes, head, 'other "name"').toString())).toEqual({
            ...(JSON.parse(bytes.toString()) as object),
            model: 'other "name"',
          });
        },
      ),
    );
  });
});
