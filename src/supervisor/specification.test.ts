import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.js';
import { argumentsOf, environmentOf, specificationsOf, type Specification } from './specification.js';

function specified(models: Record<string, object>): Specification[] {
  return specificationsOf(configSchema.parse({ models }).models, '/etc/keyporter');
}

function one(member: object): Specification {
  const [specification] = specified({ m: { command: 'engine --port {port}', ...member } });
  if (specification === undefined) throw new Error('there is no process');
  return specification;
}

describe('ids of processes', () => {
  it('are the name of the model and the number of the process', () => {
    const ids = specified({ 'gemma3.1_b': { command: 'e {port}', processes: 2 } }).map(({ id }) => id);
    expect(ids).toEqual(['gemma3.1_b-0', 'gemma3.1_b-1']);
  });

  it('fit into URLs and file names and are never the same for two names', () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 80 }),
      fc.constantFrom('a/b', 'a-b', 'a b', '..', 'A', 'a'),
    );
    const usable = name.filter((text) => !/\p{Cc}/u.test(text) && text !== '__proto__');
    fc.assert(
      fc.property(fc.uniqueArray(usable, { maxLength: 6 }), (names) => {
        const ids = specified(Object.fromEntries(names.map((text) => [text, { command: 'e {port}' }]))).map(
          ({ id }) => id,
        );
        expect(new Set(ids).size).toBe(names.length);
        for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,90}$/);
      }),
    );
  });
});

describe('the fingerprint of a process', () => {
  const plain = one({});

  it.each([
    ['the command', { command: 'engine --port {port} -c 1' }],
    ['the shell', { shell: true }],
    ['a variable', { env: { A: 'b' } }],
    ['the GPU', { gpus: [1] }],
  ])('changes with %s', (_, member) => {
    expect(one(member).fingerprint).not.toBe(plain.fingerprint);
  });

  it('stays with everything that does not reach the process', () => {
    const others = {
      takeover_seconds: 99,
      ports: '9500-9600',
      readiness_probe: { path: '/x' },
      aliases: ['y'],
      processes: 3,
    };
    expect(one(others).fingerprint).toBe(plain.fingerprint);
  });
});

describe('what a process is started with', () => {
  const values = { port: 9100, apiKey: 'private', keyFile: '/data/it is/key' };

  it('has its placeholders filled in word by word', () => {
    const command = `engine --port={port} -n {index} '--key-file={key_file}' '{"a": 1}'`;
    expect(argumentsOf(one({ command }), values)).toEqual([
      'engine',
      '--port=9100',
      '-n',
      '0',
      '--key-file=/data/it is/key',
      '{"a": 1}',
    ]);
  });

  it('keeps a path together in shell text', () => {
    const command = 'engine {port} --key-file {key_file}';
    expect(argumentsOf(one({ command, shell: true }), values)).toEqual([
      '/bin/sh',
      '-c',
      `engine 9100 --key-file '/data/it is/key'`,
    ]);
  });

  it('gets its own variables over those that are passed on', () => {
    const env = { PATH: '/opt', KEY: '{api_key}' };
    expect(environmentOf(one({ env }), values, { PATH: '/usr/bin', HOME: '/root' })).toEqual({
      PATH: '/opt',
      HOME: '/root',
      KEY: 'private',
    });
  });
});
