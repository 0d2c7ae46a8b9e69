import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKeyId, looksLikeKey, makeKey, parseKey, prefixOf, resemblesKey } from './format.js';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keys = fc.constant(null).map(() => makeKey());

describe('a new key', () => {
  test('has the published form: kp, 12 characters of id, 43 of secret, 6 of CRC-32 over all before', () => {
    const { id, secret } = makeKey();
    const text = secret.reveal();
    expect(text).toMatch(/^kp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(text.slice(3, 15)).toBe(id);
    const check = [...text.slice(-6)].reduce((value, digit) => value * 62 + BASE62.indexOf(digit), 0);
    expect(check).toBe(crc32(text.slice(0, -6)));
  });

  test('is different every time, and so are id and secret', () => {
    const made = Array.from({ length: 10_000 }, () => makeKey());
    expect(new Set(made.map((key) => key.id)).size).toBe(10_000);
    expect(new Set(made.map((key) => key.secret.reveal().slice(16, 59))).size).toBe(10_000);
  });

  test('has ids in which every character is about as frequent as any other', () => {
    const counts = new Map<string, number>();
    for (let made = 0; made < 5000; made++)
      for (const character of makeKey().id) counts.set(character, (counts.get(character) ?? 0) + 1);
    const expected = (5000 * 12) / 62;
    const chiSquare = [...BASE62].reduce(
      (sum, character) => sum + ((counts.get(character) ?? 0) - expected) ** 2 / expected,
      0,
    );
    // 61 degrees of freedom: beyond 140 lies one run in ten million.
    expect(chiSquare).toBeLessThan(140);
  });

  test('made for a key that exists has its id and another secret', () => {
    const first = makeKey();
    const second = makeKey(first.id);
    expect(parseKey(second.secret.reveal())?.id).toBe(first.id);
    expect(second.secret.reveal()).not.toBe(first.secret.reveal());
  });

  test('does not show itself when printed', () => {
    const { secret } = makeKey();
    expect(`${secret}${JSON.stringify({ secret })}`).not.toContain('kp_');
  });
});

describe('reading a key', () => {
  test('both spellings, with and without sk- before them, mean the same key', () => {
    fc.assert(
      fc.property(keys, ({ id, secret }) => {
        const canonical = secret.reveal();
        const compact = canonical.replaceAll('_', '');
        expect(compact).toMatch(/^[0-9A-Za-z]{63}$/);
        for (const text of [canonical, compact, `sk-${canonical}`, `sk-${compact}`]) {
          expect(parseKey(text)).toEqual({ id, canonical });
          expect(looksLikeKey(text)).toBe(true);
        }
      }),
    );
  });

  test('one changed character is always refused, in either spelling', () => {
    const change = fc.tuple(
      keys,
      fc.boolean(),
      fc.nat(64),
      fc.constantFrom(...BASE62, '_', '-', ' ', '\0', 'é', '\u{1f511}'),
    );
    fc.assert(
      fc.property(change, ([{ secret }, isCompact, where, character]) => {
        const text = isCompact ? secret.reveal().replaceAll('_', '') : secret.reveal();
        const at = where % text.length;
        fc.pre(text[at] !== character);
        expect(parseKey(text.slice(0, at) + character + text.slice(at + 1))).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  test('text that is cut, longer, twice prefixed or in another case is refused', () => {
    const text = makeKey().secret.reveal();
    const wrong = [
      text.slice(0, -1),
      `${text}0`,
      ` ${text}`,
      `${text}\n`,
      `sk-sk-${text}`,
      `SK-${text}`,
      text.toUpperCase(),
      text.slice(3),
      text.replace('_', ''),
    ];
    for (const candidate of wrong) expect(parseKey(candidate)).toBeNull();
  });

  test('random text of any length is never a key', () => {
    const shaped = fc
      .string({ unit: fc.constantFrom(...BASE62, '_'), minLength: 58, maxLength: 66 })
      .map((text) => `kp${text}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), shaped), (text) => {
        expect(parseKey(text)).toBeNull();
      }),
      { numRuns: 5000 },
    );
  });

  test('ten megabytes are refused by their length', () => {
    expect(parseKey('kp_'.padEnd(10_000_000, 'a'))).toBeNull();
  });
});

describe('telling our keys from other credentials', () => {
  test('mistyped and cut keys are still ours', () => {
    const text = makeKey().secret.reveal();
    const mistyped = text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
    for (const candidate of [mistyped, mistyped.replaceAll('_', ''), text.slice(0, 20), `sk-${text}x`])
      expect(looksLikeKey(candidate)).toBe(true);
  });

  test('keys of other systems are not', () => {
    for (const other of [
      'sk-proj-abc',
      'kpx',
      'kp',
      '',
      'kp-0',
      'eyJhbGciOi.J9.x',
      'kp'.padEnd(62, 'a'),
      'kp'.padEnd(63, '-'),
    ])
      expect(looksLikeKey(other)).toBe(false);
  });

  test('a key id is 12 letters and digits, shown as kp_<id>', () => {
    const { id } = makeKey();
    expect(isKeyId(id)).toBe(true);
    for (const other of ['', 'short', `${id}0`, 'with space..', 'ééééééééééé0']) expect(isKeyId(other)).toBe(false);
    expect(prefixOf(id)).toBe(`kp_${id}`);
  });
});

describe('text that resembles a key, which is shown to nobody else', () => {
  const spellings = (text: string): string[] => [text, text.replaceAll('_', ''), `sk-${text}`, `"${text}"`];

  test('is every key with one character wrong, missing, doubled or out of place', () => {
    const slip = fc.record({
      at: fc.nat(),
      by: fc.constantFrom(...BASE62),
      kind: fc.constantFrom('wrong', 'missing', 'doubled', 'swapped'),
    });
    fc.assert(
      fc.property(keys, fc.nat(3), slip, ({ secret }, spelling, { at, by, kind }) => {
        const text = spellings(secret.reveal())[spelling] ?? '';
        const place = at % (text.length - 1);
        const [before, one, next, rest] = [
          text.slice(0, place),
          text.charAt(place),
          text.charAt(place + 1),
          text.slice(place + 2),
        ];
        const slipped = {
          wrong: before + by + next + rest,
          missing: before + next + rest,
          doubled: before + one + one + next + rest,
          swapped: before + next + one + rest,
        };
        expect([slipped[kind], resemblesKey(slipped[kind])]).toEqual([slipped[kind], true]);
      }),
      { numRuns: 2000 },
    );
  });

  test('is not what other systems give out', () => {
    const others = [
      `eyJhbGciOiJFUzI1NiJ9.${'a'.repeat(80)}_${'b'.repeat(12)}_${'c'.repeat(60)}.${'d'.repeat(86)}`,
      `gho_${'a'.repeat(36)}`,
      `github_pat_${'1A'.repeat(11)}_${'b'.repeat(59)}`,
      `sk-proj-${'a'.repeat(40)}`,
      `hf_${'a'.repeat(34)}`,
      'valid_api_key_12345',
      'a'.repeat(64),
    ];
    expect(others.filter(resemblesKey)).toEqual([]);
  });
});
