import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPlaceholders, placeholdersOf, splitCommand } from './command-line.js';

describe('splitting a command', () => {
  it.each([
    ['a b  c', ['a', 'b', 'c']],
    [' a\tb\nc ', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a --x='1 2'"3"4`, ['a', '--x=1 234']],
    ['a b\\ c', ['a', 'b c']],
    [`a "say \\"hi\\" \\n"`, ['a', 'say "hi" \\n']],
    [`a '' ""`, ['a', '', '']],
    [`a --json '{"x": 1}'`, ['a', '--json', '{"x": 1}']],
  ])('%j is %j', (text, words) => {
    expect(splitCommand(text)).toEqual({ words });
  });

  it('gives the words that a shell would give, whatever is quoted', () => {
    const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[\0\p{Cs}]/u.test(text));
    const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const text = words.map(quoted).join(' ');
        if (/^'?[A-Za-z_]\w*=/.test(text)) return;
        const shell = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
        expect(splitCommand(text)).toEqual({ words: shell.stdout.split('\0').slice(0, -1) });
      }),
      { numRuns: 50 },
    );
  });

  it('never throws, and never answers no words', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const split = splitCommand(text);
        expect(split.fault !== undefined || split.words.length > 0).toBe(true);
      }),
    );
  });
});

describe('placeholders', () => {
  const values = { port: '9100', index: '1', api_key: 'k', key_file: '/f' };

  it('are filled in once, so that a value cannot bring another', () => {
    expect(fillPlaceholders('{port}{index} {key_file} {api_key} {other}', { ...values, key_file: '{api_key}' })).toBe(
      '91001 {api_key} k {other}',
    );
  });

  it('are told apart from other braces', () => {
    expect(placeholdersOf('{"port": 1} {PORT} {port}').fault).toBeNull();
    expect([...placeholdersOf('{port} {api_key}').used]).toEqual(['port', 'api_key']);
  });
});
