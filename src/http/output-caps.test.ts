import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import type { FieldRule } from '../core/field-rule.js';
import { boundFields } from './bound-fields.js';
import { edited } from './edit.js';
import { clampCaps, readCaps, type Capped } from './output-caps.js';
import { modelEdit, readHead } from './read-head.js';
import { usageEdits } from './usage-option.js';

const CHAT = ['max_tokens', 'max_completion_tokens'];
const COMPLETION = ['max_tokens', 'n', 'best_of'];
const OLLAMA = ['options.num_predict'];
/** Ollama on OpenAI's path. */
const OLDER = ['max_tokens'];
const BOUNDS = new Map<string, FieldRule>([
  ['n', { kind: 'most', most: 8 }],
  ['max_tokens', { kind: 'most', most: 4096 }],
]);

function capped(body: unknown, caps: readonly string[], bounds: ReadonlyMap<string, FieldRule> = new Map()): Capped {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const head = readHead(bytes);
  return { body: bytes, head, caps, edits: boundFields(bytes, head.members, bounds) };
}

const capOf = (body: unknown, caps: readonly string[]): number | null => readCaps(capped(body, caps)).cap;

function clamped(body: unknown, caps: readonly string[], left: number): unknown {
  const asked = { ...capped(body, caps), zeroIsNone: caps === OLLAMA || caps === OLDER };
  return JSON.parse(edited(asked.body, clampCaps(asked, left, { inject: true })).toString());
}

function refusalOf(body: unknown, caps: readonly string[]): string | null {
  try {
    readCaps(capped(body, caps));
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe('what a body asks to be answered with', () => {
  it.each<[unknown, readonly string[], number | null]>([
    [{ max_tokens: 10 }, CHAT, 10],
    [{ max_completion_tokens: 10, max_tokens: null }, CHAT, 10],
    [{ max_tokens: 10, n: 3 }, CHAT, 30],
    [{ max_tokens: 10, n: 2, best_of: 5 }, COMPLETION, 50],
    [{ n_predict: 10, n_cmpl: 4 }, ['n_predict', 'max_tokens'], 40],
    [{ max_tokens: 10, n: null }, CHAT, 10],
    [{ max_output_tokens: 10 }, ['max_output_tokens'], 10],
    [{ options: { num_predict: 10, seed: 1 } }, OLLAMA, 10],
    [{ prompt: ['a', 'b', 'c'], max_tokens: 10 }, COMPLETION, 30],
    [{ prompt: [[1, 2], [3]], max_tokens: 10, n: 2 }, COMPLETION, 40],
    [{ prompt: [1, 2, 3], max_tokens: 10 }, COMPLETION, 10],
    [{ prompt: 'a', max_tokens: 10 }, COMPLETION, 10],
    [{}, CHAT, null],
    [{ max_tokens: null }, CHAT, null],
    [{ max_tokens: -1 }, CHAT, null],
    [{ max_tokens: 0 }, CHAT, null],
    [{ max_completion_tokens: 5 }, OLDER, null],
    [{ options: { num_predict: -2 } }, OLLAMA, null],
    [{ options: { num_predict: null } }, OLLAMA, null],
    [{ options: [] }, OLLAMA, null],
    [{ n: 4 }, ['n'], null],
  ])('%j on a path with %j: %j', (body, caps, cap) => {
    expect(capOf(body, caps)).toBe(cap);
  });

  it('is the most that any engine could read, where one body names several caps', () => {
    expect(capOf({ max_tokens: 10, max_completion_tokens: 500 }, CHAT)).toBe(500);
    expect(capOf({ max_tokens: 10, max_completion_tokens: -1 }, CHAT)).toBeNull();
    // llama.cpp reads this before the others on every path.
    expect(capOf({ max_tokens: 10, n_predict: 500 }, CHAT)).toBe(500);
  });

  it('is not believed to a member that engines of this path may pass over', () => {
    expect(capOf({ n_predict: 10 }, CHAT)).toBeNull();
    expect(capOf({ options: { num_predict: 10 } }, CHAT)).toBeNull();
  });

  it('counts a member by what the operator makes of it', () => {
    expect(readCaps(capped({ max_tokens: 90_000, n: 100 }, CHAT, BOUNDS))).toEqual({ cap: 8 * 4096, copies: 8 });
  });

  it.each([
    [{ Max_Tokens: 10 }, CHAT, 'invalid_value'],
    [{ 'max_token\u017f': 10 }, CHAT, 'invalid_value'],
    [{ 'max_to\u212aens': 10 }, CHAT, 'invalid_value'],
    [{ Options: { num_predict: 10 } }, OLLAMA, 'invalid_value'],
    [{ 'option\u017f': { num_predict: 10 } }, OLLAMA, 'invalid_value'],
    [{ N_CMPL: 3 }, CHAT, 'invalid_value'],
    [{ n_cmpl: '3' }, CHAT, 'invalid_value'],
    [{ n_cmpl: 1.5 }, CHAT, 'invalid_value'],
    [{ options: { num_predict: '10' } }, OLLAMA, 'invalid_value'],
    [{ options: { num_predict: 1.5 } }, OLLAMA, 'invalid_value'],
    ['{"options":{"num_predict":10,"num_predict":20}}', OLLAMA, 'duplicate_member'],
    ['{"options":{"num_predict":10,"num_\\u0070redict":20}}', OLLAMA, 'duplicate_member'],
    [{ options: { temperature: 1 }, 'max-tokens': 5 }, OLLAMA, null],
  ])('%j is refused with %s: two readers could read two caps', (body, caps, code) => {
    expect(refusalOf(body, caps)).toBe(code);
  });
});

describe('holding a body to what is left', () => {
  it.each<[unknown, readonly string[], unknown]>([
    [{ max_tokens: 4000 }, CHAT, { max_tokens: 1000 }],
    [{ max_tokens: 999 }, CHAT, { max_tokens: 999 }],
    [{ max_tokens: -1 }, CHAT, { max_tokens: 1000 }],
    [{ max_tokens: 0 }, CHAT, { max_tokens: 0 }],
    [{ max_tokens: 4000, n: 3 }, CHAT, { max_tokens: 333, n: 3 }],
    [
      { max_tokens: 4000, max_completion_tokens: 5000, n_predict: -1 },
      CHAT,
      { max_tokens: 1000, max_completion_tokens: 1000, n_predict: 1000 },
    ],
    [{ messages: [] }, CHAT, { messages: [], max_tokens: 1000 }],
    [{ max_tokens: null, a: 1 }, CHAT, { max_tokens: 1000, a: 1 }],
    [{ n_predict: 5 }, CHAT, { n_predict: 5, max_tokens: 1000 }],
    [{ input: 'a' }, ['max_output_tokens'], { input: 'a', max_output_tokens: 1000 }],
    [{ prompt: 'a' }, ['n_predict', 'max_tokens'], { prompt: 'a', n_predict: 1000 }],
    [{ options: { num_predict: 5000, seed: 1 } }, OLLAMA, { options: { num_predict: 1000, seed: 1 } }],
    [{ options: { num_predict: 0 } }, OLLAMA, { options: { num_predict: 1000 } }],
    [{ options: { num_predict: -2 } }, OLLAMA, { options: { num_predict: 1000 } }],
    [{ max_tokens: 0 }, CHAT, { max_tokens: 0 }],
    [{ max_tokens: 0 }, OLDER, { max_tokens: 1000 }],
    [{ max_completion_tokens: 5 }, OLDER, { max_completion_tokens: 5, max_tokens: 1000 }],
    [{ max_completion_tokens: 5000 }, OLDER, { max_completion_tokens: 1000, max_tokens: 1000 }],
    [{ options: { num_predict: null } }, OLLAMA, { options: { num_predict: 1000 } }],
    [{ options: { seed: 1 } }, OLLAMA, { options: { seed: 1, num_predict: 1000 } }],
    [{ options: {} }, OLLAMA, { options: { num_predict: 1000 } }],
    [{ options: null, a: 1 }, OLLAMA, { options: { num_predict: 1000 }, a: 1 }],
    [{ a: 1 }, OLLAMA, { a: 1, options: { num_predict: 1000 } }],
    [{ options: 'x' }, OLLAMA, { options: 'x' }],
    [{ prompt: 'a', n: 2 }, ['n'], { prompt: 'a', n: 2 }],
    [{}, CHAT, { max_tokens: 1000 }],
  ])('makes of %j with %j: %j', (body, caps, made) => {
    expect(clamped(body, caps, 1000)).toEqual(made);
  });

  it('leaves every answer one token at least', () => {
    expect(clamped({ max_tokens: 10, n: 8 }, CHAT, 0)).toEqual({ max_tokens: 1, n: 8 });
  });

  it('adds no cap where none is wanted', () => {
    const asked = capped({ messages: [] }, CHAT);
    expect(clampCaps(asked, 5, { inject: false })).toEqual([]);
  });

  it('goes together with the model, the bounds of the operator and the usage option', () => {
    const other = fc.dictionary(
      // No member of these has a meaning of its own.
      fc.string().map((name) => `x-${name}`),
      fc.jsonValue(),
      { maxKeys: 4 },
    );
    const cap = fc.option(fc.integer({ min: -1, max: 10_000 }));
    const members = fc.record(
      {
        model: fc.constantFrom('m', null),
        max_tokens: cap,
        max_completion_tokens: cap,
        n_predict: cap,
        n: fc.option(fc.integer({ min: -1, max: 20 })),
        stream_options: fc.option(fc.dictionary(fc.constantFrom('include_usage', 'x'), fc.boolean())),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        other,
        members,
        fc.integer({ min: 1, max: 9000 }),
        fc.constantFrom(0, 1),
        (rest, known, left, space) => {
          // As JSON writes it: it has no -0.
          const kept = JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
          const asked = capped(JSON.stringify({ ...kept, ...known, stream: true }, null, space), CHAT, BOUNDS);
          const edits = [...asked.edits, modelEdit(asked.body, asked.head, 'other')];
          const all = usageEdits(asked.body, asked.head, clampCaps({ ...asked, edits }, left, { inject: true })).edits;
          const made = JSON.parse(edited(asked.body, all).toString()) as Record<string, number | null>;
          const copies = Math.max(1, made['n'] ?? 1);
          const own = [made['max_tokens'], made['max_completion_tokens']].filter((value) => typeof value === 'number');
          expect(own.length).toBeGreaterThan(0);
          for (const value of [...own, made['n_predict'] ?? 0]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(Math.max(1, Math.floor(left / copies)));
          }
          expect(made).toMatchObject({ ...kept, model: 'other', stream_options: { include_usage: true } });
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('asking a stream for its usage', () => {
  const asked = (text: string): [boolean, string] => {
    const body = Buffer.from(text);
    const { asked: byClient, edits } = usageEdits(body, readHead(body));
    return [byClient, edited(body, edits).toString()];
  };

  it.each([
    ['{"stream":true}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    ['{ "stream" : true }', '{ "stream" : true,"stream_options":{"include_usage":true} }'],
    ['{"stream_options":null,"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options":{},"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options":{"x":1},"stream":true}', '{"stream_options":{"x":1,"include_usage":true},"stream":true}'],
    // Some engines take these for false, others for true.
    ['{"stream_options":{"include_usage":0},"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [
      '{"stream_options":{"include_usage":"off"},"stream":true}',
      '{"stream_options":{"include_usage":true},"stream":true}',
    ],
    [
      '{"stream_options":{"include_usage":false},"stream":true}',
      '{"stream_options":{"include_usage":true},"stream":true}',
    ],
    [
      '{"stream_options":{"include_usage":null},"stream":true}',
      '{"stream_options":{"include_usage":true},"stream":true}',
    ],
  ])('makes of %s: %s, and hides it', (text, made) => {
    expect(asked(text)).toEqual([false, made]);
  });

  it.each([
    '{"stream_options":{"include_usage":true},"stream":true}',
    '{"stream_options":{"include_usage":[]},"stream":true}',
    '{"stream_options":"yes","stream":true}',
    '{"stream_options":[],"stream":true}',
    '{"stream":false}',
    '{}',
  ])('leaves %s alone', (text) => {
    expect(asked(text)).toEqual([true, text]);
  });
});
