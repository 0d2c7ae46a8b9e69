import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { CliWorld, type Outcome, type Surroundings } from '../../cli/cli-world.js';

let world: CliWorld;
let file: string;
beforeEach(async () => {
  world = await CliWorld.make();
  file = join(world.home, 'api_keys.json');
});
afterEach(() => world.remove());

const script = (args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> =>
  world.run(['compat', 'orchestra', ...args], { env: { API_KEYS_FILE: file }, ...surroundings });
const content = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
const KEY = 'a-key-that-has-more-than-32-characters';

describe('the key script of Orchestra', () => {
  test('C-24: its commands in a row, with its outputs', async () => {
    expect(await said(['add', KEY])).toBe(`Added API key: ${KEY}\n`);
    expect(await said(['add', KEY])).toBe(`Key '${KEY}' already exists!\n`);
    expect(await said(['remove', 'nobody'])).toBe("Key 'nobody' not found!\n");
    const generated =
      /^Added API key: ([A-Za-z0-9_-]{32})\nGenerated new API key: \1\n$/.exec(await said(['generate']))?.[1] ?? '';
    expect(generated).toHaveLength(32);
    expect(await said(['remove', KEY])).toBe(`Removed API key: ${KEY}\n`);
    expect(await said(['toggle-auth'])).toBe('External authentication disabled\n');
    expect(await said(['list'])).toBe(
      `Authentication required for external requests: False\nLocal networks (no auth required): 127.0.0.1, localhost, ::1\n\nValid API keys (1):\n  1. ${generated}\n`,
    );
    expect(await said(['toggle-auth'])).toBe('External authentication enabled\n');
    expect(await content()).toEqual({
      valid_keys: [generated],
      require_auth_for_external: true,
      local_networks: ['127.0.0.1', 'localhost', '::1'],
    });
  });

  test('the file is for its owner alone, has two spaces before members, and keeps what nobody knows', async () => {
    await writeFile(
      file,
      JSON.stringify({ note: { kept: true }, valid_keys: ['k1'], require_auth_for_external: true, local_networks: [] }),
      { mode: 0o644 },
    );
    await script(['generate']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await content())['note']).toEqual({ kept: true });
    expect(await readFile(file, 'utf8')).toMatch(/^\{\n {2}"note": \{\n {4}"kept": true/);
  });

  test('twenty commands at one time lose no key', async () => {
    const keys = Array.from({ length: 20 }, (_, at) => `${KEY}-${at}`);
    await Promise.all(keys.map((key) => script(['add', '-'], { input: key })));
    expect(((await content())['valid_keys'] as string[]).toSorted()).toEqual(keys.toSorted());
  });

  test('a key on the command line is warned about, one from standard input is not', async () => {
    expect((await script(['add', KEY])).err).toContain('stood on the command line');
    expect((await script(['remove', '-'], { input: `${KEY}\n` })).err).toBe('');
  });

  test('short keys and those of the published guide are warned about', async () => {
    expect((await script(['add', '-'], { input: 'short' })).err).toContain('at least 32');
    expect((await script(['add', '-'], { input: 'demo-key-12345' })).err).toContain('everybody knows it');
    expect((await script(['add', '-'], { input: 'iszcx8YNM7xqyo_lj-_iD8vMODMfW7xc' })).err).toContain(
      'everybody knows it',
    );
  });

  test('a key that begins with a dash is a key', async () => {
    expect(await said(['add', `-${KEY}`])).toBe(`Added API key: -${KEY}\n`);
    expect(await said(['remove', `-${KEY}`])).toBe(`Removed API key: -${KEY}\n`);
  });

  test('the command word counts in any case; a wrong or missing one is wrong usage', async () => {
    expect(await said(['LIST'])).toContain('Valid API keys (0):');
    expect(await said(['Toggle-Auth'])).toBe('External authentication disabled\n');
    for (const args of [[], ['frobnicate'], ['add'], ['add', 'a', 'b']]) expect((await script(args)).code).toBe(2);
  });

  test('a broken file is left as it is, and named', async () => {
    for (const broken of ['{', '[]', '{"valid_keys":"k1"}']) {
      await writeFile(file, broken);
      const { code, err } = await script(['generate']);
      expect([code, err.includes(file)]).toEqual([1, true]);
      expect(await readFile(file, 'utf8')).toBe(broken);
    }
  });

  test('a place where no file can be is named, with what to do', async () => {
    for (const [place, told] of [
      [join(world.home, 'no-such-directory', 'api_keys.json'), 'its directory does not exist; make it'],
      [world.home, 'it is a directory; name a file'],
    ] as const) {
      const { code, err } = await script(['generate'], { env: { API_KEYS_FILE: place } });
      expect([code, err]).toEqual([1, expect.stringContaining(`The key file ${place} cannot be used: ${told}`)]);
    }
  });

  test('the file is the one of the configuration, else the one in the directory', async () => {
    await mkdir(join(world.home, 'conf'));
    const named = join(world.home, 'conf', 'named.json');
    await writeFile(join(world.home, 'conf', 'keyporter.yaml'), 'orchestra: { keys_file: named.json }\n');
    await world.run(['compat', 'orchestra', 'generate', '--config', join(world.home, 'conf', 'keyporter.yaml')], {
      env: { API_KEYS_FILE: file },
    });
    expect(JSON.parse(await readFile(named, 'utf8'))).toHaveProperty('valid_keys');
    const usual = await loadConfig({ text: '', env: { API_KEYS_FILE: 'other.json' }, cwd: world.home });
    expect(usual.ok && usual.loaded.config.orchestra.keys_file).toBe(join(world.home, 'other.json'));
    await world.run(['compat', 'orchestra', 'generate']);
    expect(await content()).toHaveProperty('valid_keys');
    await writeFile(join(world.home, 'conf', 'keyporter.yaml'), 'orchestra: { keys_file: null }\n');
    const none = await world.run([
      'compat',
      'orchestra',
      'list',
      '--config',
      join(world.home, 'conf', 'keyporter.yaml'),
    ]);
    expect([none.code, none.err.includes('keyporter keys')]).toEqual([1, true]);
  });

  test('with --json every command answers with an object', async () => {
    const json = async (args: readonly string[], input = ''): Promise<Record<string, unknown>> =>
      (await script([...args, '--json'], { input })).json();
    expect(await json(['add', '-'], KEY)).toEqual({ key: KEY, added: true });
    expect(await json(['list'])).toEqual({
      data: [KEY],
      next: null,
      require_auth_for_external: true,
      local_networks: ['127.0.0.1', 'localhost', '::1'],
    });
    expect(await json(['remove', '-'], KEY)).toEqual({ key: KEY, removed: true });
    expect(await json(['generate'])).toMatchObject({ added: true });
    expect(await json(['toggle-auth'])).toEqual({ require_auth_for_external: false });
  });

  test('on a terminal keys are shortened', async () => {
    await script(['add', '-'], { input: KEY });
    const { out } = await script(['list'], { terminal: true });
    expect(out).toContain('Valid API keys (1):');
    expect(out).not.toContain(KEY);
  });
});

/** Standard output of a command that is done, exit code 0. */
async function said(args: readonly string[]): Promise<string> {
  const { code, out, err } = await script(args);
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
  return out;
}
