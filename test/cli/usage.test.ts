import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld } from './cli-world.js';

describe('how the command line answers mistakes', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await CliWorld.make();
  });
  afterAll(() => world.remove());

  it.each([
    [['--help'], 0],
    [['help', 'keys'], 0],
    [['keys', 'create', '--help'], 0],
    [['--version'], 0],
    [['keys'], 2],
    [['nonsense'], 2],
    [['keys', 'creat'], 2],
    [['keys', 'create'], 2],
    [['keys', 'create', '--name', 'x', '--expires', 'soon'], 2],
    [['keys', 'create', '--name', 'x', '--expires', '2001-01-01'], 2],
    [['keys', 'create', '--name', 'x', '--label', 'nothing'], 2],
    [['keys', 'list', '--unused-for', '3'], 2],
    [['keys', 'list', '--nonsense'], 2],
    [['keys', 'show'], 2],
    [['keys', 'show', 'a', 'b'], 2],
    [['keys', 'update', 'x'], 2],
    [['keys', 'revoke', '--yes'], 2],
    [['keys', 'revoke', 'x', '--owner', 'y', '--yes'], 2],
    [['keys', 'revoke', 'x'], 2],
    [['keys', 'list', '--url', 'nonsense'], 2],
    [['serve', '--listen', 'nowhere'], 2],
    [['serve', '--workers', '4'], 1],
    [['serve', '--service', 'x.yaml', '-n', 'y'], 1],
    [['usage', '--by', 'key'], 1],
    [['usage', '--by', 'colour'], 2],
    [['usage', '--by', 'day,hour'], 2],
    [['usage', '--csv', '--json'], 2],
    [['usage', 'replay'], 2],
    [['usage', '--model', 'x', 'replay', '--limit', 'requests_per_day=1'], 2],
    [['usage', 'replay', '--limit', 'requests_per_dya=1'], 2],
    [['usage', 'replay', '--limit', 'requests_per_day=1', '--since', 'soon'], 2],
    [['usage', 'replay', '--limit', 'requests_per_day=1', '--for', 'everybody'], 2],
    [['replicas', 'list'], 1],
    [['import', 'x', '--dry-run'], 1],
    [['store', 'copy'], 1],
    [['ui'], 1],
  ])('%o ends with exit code %i', async (args, code) => {
    expect([args, (await world.run(args)).code]).toEqual([args, code]);
  });

  it('a mistake is one sentence on standard error, or a problem body with --json, and nothing on standard output', async () => {
    const plain = await world.run(['keys', 'creat']);
    const sentence =
      "keyporter: unknown command 'creat' (Did you mean create?). `keyporter keys --help` shows what there is.\n";
    expect([plain.out, plain.err]).toEqual(['', sentence]);
    const json = await world.run(['keys', 'list', '--json']);
    expect(json.out).toBe('');
    expect(JSON.parse(json.err)).toMatchObject({
      title: 'Not Found',
      status: 404,
      code: 'not_found',
      detail: expect.stringContaining('keyporter serve'),
    });
    expect(JSON.parse((await world.run(['--json', 'nonsense'])).err)).toMatchObject({
      status: 400,
      code: 'wrong_usage',
    });
  });

  it.each([
    [['keys', 'list', '--nonsense'], 'keyporter keys list --help'],
    [['--nonsense'], 'keyporter --help'],
    [['keys', 'create'], 'keyporter keys create --help'],
    [['completion'], 'keyporter completion --help'],
    [['serve', 'extra'], 'keyporter serve --help'],
    [['keys', 'list', '--expiring'], 'keyporter keys list --help'],
    [['usage', '--since', 'soon'], 'a duration back such as 24h'],
  ])('a mistake is answered with what to do next: %o', async (args, next) => {
    const { code, err } = await world.run(args);
    expect([code, err]).toEqual([2, expect.stringContaining(next)]);
  });

  it('a secret in the command line is refused, and not repeated', async () => {
    const secret = 'kp_AAAAAAAAAAAA_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB';
    for (const args of [
      ['keys', 'revoke', '--key', secret, '--yes'],
      ['me', '--key', secret],
      [`--key=${secret}`, 'keys', 'list'],
    ]) {
      const { code, out, err } = await world.run(args);
      expect([code, (out + err).includes(secret), err.includes('KEYPORTER_KEY')]).toEqual([2, false, true]);
    }
  });

  it('a key is never sent over plain http to another machine, nor anywhere when there is none', async () => {
    const env = { KEYPORTER_KEY: 'kp_x' };
    for (const url of [
      'http://example.com',
      'http://10.0.0.1:5390',
      'http://127.0.0.1.example.com',
      'http://[2001:db8::1]:1',
      'http://0.0.0.0:1',
    ]) {
      const { code, err } = await world.run(['keys', 'list', '--url', url], { env });
      expect([url, code, err.includes('plain http')]).toEqual([url, 1, true]);
    }
    expect((await world.run(['keys', 'list', '--url', 'https://example.com'])).err).toContain('No key to send');
    const secret = await world.run(['keys', 'list', '--url', 'https://user:hunter2@example.com'], { env });
    expect([secret.code, secret.err.includes('hunter2')]).toEqual([2, false]);
  });

  it('nothing answering is said with the address', async () => {
    const { code, err } = await world.run(['keys', 'list'], {
      env: { KEYPORTER_KEY: 'kp_x', KEYPORTER_URL: 'http://127.0.0.1:1' },
    });
    expect([code, err]).toEqual([1, expect.stringContaining('Nothing answers at http://127.0.0.1:1')]);
  });

  it('help takes the words of a command, however many', async () => {
    const [whole, group] = [await world.run(['help', 'keys', 'create']), await world.run(['help', 'keys'])];
    expect([whole.code, whole.out]).toEqual([0, expect.stringContaining('Usage: keyporter keys create')]);
    expect([group.code, group.out]).toEqual([0, expect.stringContaining('Usage: keyporter keys [options]')]);
  });

  it('every command has a help that lists the options for all commands', async () => {
    const { out } = await world.run(['keys', 'create', '--help']);
    for (const text of ['--name', '--allow-ip', '--data-dir', '--json', 'Examples:', 'Scopes:'])
      expect(out).toContain(text);
  });
});
