import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from './cli-world.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe('the command line and a gateway that runs', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.make();
  });
  afterEach(() => world.remove());

  it('serve prints a curl line that works as printed, and the first key only once in the life of the store', async () => {
    const gateway = await world.serve('--demo', '--first-key');
    const banner = await gateway.said('Try it:');
    const line = /curl .*$/m.exec(await gateway.said('Say hello'))?.[0] ?? '';
    const { stdout } = await run('bash', ['-c', line]);
    expect(JSON.parse(stdout)).toMatchObject({ object: 'chat.completion' });
    expect(banner).toMatch(/no file, defaults/);
    gateway.signal('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
    const again = await world.serve('--demo', '--first-key');
    expect(await again.said('keys create')).not.toMatch(/kp_/);
    again.signal('SIGINT');
    await again.ended;
  });

  it('without a terminal and without --first-key no key is printed', async () => {
    const gateway = await world.serve('--demo');
    expect(await gateway.said('Make a key')).not.toMatch(/kp_/);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('a second serve says that one runs, and fails only when it was to be another one', async () => {
    const gateway = await world.serve('--demo');
    const same = await world.here(['serve']);
    expect([same.code, same.out]).toEqual([0, `Keyporter is already running at ${gateway.url}\n`]);
    const port = new URL(gateway.url).port;
    expect((await world.here(['serve', '--listen', `127.0.0.1:${port}`])).code).toBe(0);
    await writeFile(join(world.home, 'other.yaml'), '');
    for (const args of [
      ['--listen', '127.0.0.1:1'],
      ['--listen', `0.0.0.0:${port}`],
      ['--upstream', 'http://127.0.0.1:9'],
      ['--config', 'other.yaml'],
    ]) {
      const { code, err } = await world.here(['serve', ...args]);
      expect([args, code, err.includes('--data-dir') && err.includes('--listen')]).toEqual([args, 1, true]);
    }
    const elsewhere = await world.run([
      'serve',
      '--data-dir',
      join(world.home, 'second'),
      '--listen',
      `127.0.0.1:${port}`,
    ]);
    expect([
      elsewhere.code,
      elsewhere.err.includes('taken by another program') && elsewhere.err.includes('--listen'),
    ]).toEqual([1, true]);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('a port of another program is said, with what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { code, err } = await world.here(['serve', '--listen', `127.0.0.1:${(other.address() as AddressInfo).port}`]);
    expect([code, err.includes('--listen')]).toEqual([1, true]);
    other.close();
  });

  it('reaches it over the socket without a key, and over its address with one', async () => {
    const gateway = await world.serve('--demo');
    const made = (await world.here(['keys', 'create', '--name', 'root', '--scope', 'admin', '--json'])).json();
    const env = { KEYPORTER_KEY: String(made['key']) };
    const local = await world.here(['keys', 'show', String(made['id']), '--json']);
    const remote = await world.run(['keys', 'show', String(made['id']), '--json', '--url', gateway.url], { env });
    expect(remote.json()).toEqual({ ...local.json(), last_used_at: remote.json()['last_used_at'] });
    const piped = await world.run(['status', '--json', '--url', gateway.url, '--key', '-'], {
      input: `${String(made['key'])}\n`,
    });
    expect(piped.json()).toMatchObject({ data_dir: world.dataDir, draining: false });
    const nobody = await world.run(['keys', 'list', '--url', gateway.url], { env: { KEYPORTER_KEY: 'kp_wrong' } });
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('not valid')]);
    const { code, err } = await world.here(['restore', 'x.db']);
    expect([code, err.length > 0]).toEqual([1, true]);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('a holder looks at his key and ends it', async () => {
    const gateway = await world.serve('--demo');
    const secret = (await world.here(['keys', 'create', '--name', 'mine'])).out.trim();
    const env = { KEYPORTER_KEY: secret };
    expect((await world.here(['me', '--json'], { env })).json()).toMatchObject({
      name: 'mine',
      self_service: ['revoke'],
    });
    expect((await world.here(['me', 'rotate'], { env })).code).toBe(1);
    expect((await world.here(['me', 'revoke', '--json', '--key', '-'], { input: secret })).json()).toMatchObject({
      revoked: [secret.slice(3, 15)],
    });
    expect((await world.here(['me'], { env })).err).toContain('not valid');
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('explains with the decision of serving', async () => {
    const gateway = await world.serve('--demo');
    const made = (await world.here(['keys', 'create', '--name', 'x', '--scope', 'infer:embeddings', '--json'])).json();
    const explain = async (...args: string[]) =>
      (
        await world.here(['explain', ...args, 'POST', '/v1/embeddings', '--json'], { input: String(made['key']) })
      ).json();
    expect(await explain('--id', String(made['id']), '--model', 'demo')).toMatchObject({ allowed: true });
    expect(await explain('--key', '-', '--model', 'no-such-model')).toMatchObject({
      allowed: false,
      code: 'model_not_found',
    });
    const words = await world.here([
      'explain',
      '--id',
      String(made['id']),
      'POST',
      '/v1/chat/completions',
      '--model',
      'demo',
    ]);
    expect(words.out).toContain('It would be refused: 403 missing_scope');
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('follows requests, one JSON object a line, until Ctrl-C', async () => {
    const gateway = await world.serve('--demo');
    const secret = (await world.here(['keys', 'create', '--name', 'x'])).out.trim();
    const following = world.start(['requests', '-f', '--json', '--status', '4xx', '--data-dir', world.dataDir]);
    const asked = async (path: string) =>
      fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${secret}` } });
    // The follower is there when it has seen the first of them.
    let seen = false;
    const first = following.said('"/v1/models/none"').then(() => (seen = true));
    while (!seen) await asked('/v1/models/none');
    await first;
    following.signal('SIGINT');
    const { code, out } = await following.ended;
    expect(code).toBe(0);
    for (const line of out.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ status: 404, path: '/v1/models/none', key_id: secret.slice(3, 15) });
    expect((await world.here(['requests', '--status', '4xx', '--json', '--limit', '1'])).json()['data']).toHaveLength(
      1,
    );
    gateway.signal('SIGTERM');
    await gateway.ended;
    expect((await world.here(['requests', '-f'])).err).toContain('No gateway runs');
  });

  it('a follower ends when nobody reads it any more', async () => {
    const gateway = await world.serve('--demo');
    const following = spawn(process.execPath, [MAIN, 'requests', '-f', '--data-dir', world.dataDir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    following.stdout.once('data', () => following.stdout.destroy());
    const ended = once(following, 'exit').then(([code]) => code as number | null);
    let code: number | null | undefined;
    while (code === undefined) {
      await fetch(`${gateway.url}/v1/models`);
      code = await Promise.race([ended, Promise.resolve(undefined)]);
    }
    expect(code).toBe(0);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('a typing error in the configuration keeps nobody from revoking a key', async () => {
    const gateway = await world.serve('--demo');
    const id = String((await world.here(['keys', 'create', '--name', 'x', '--json'])).json()['id']);
    await writeFile(join(world.home, 'keyporter.yaml'), 'nonsense: 1\n');
    expect((await world.here(['keys', 'revoke', id, '--yes'])).code).toBe(0);
    gateway.signal('SIGTERM');
    await gateway.ended;
  });

  it('SIGHUP reads the configuration again, a bad one is named and does not run', async () => {
    const file = join(world.home, 'keyporter.yaml');
    await writeFile(file, 'listen: 127.0.0.1:0\nkeys: { self_service: [] }\n');
    const gateway = world.start(['serve', '--data-dir', world.dataDir]);
    await gateway.said('Make a key');
    await writeFile(file, 'nonsense: 1\n');
    const { code, err } = await world.here(['stop', '--config', join(world.home, 'none.yaml')]);
    expect([code, err]).toEqual([0, '']);
    expect((await gateway.ended).code).toBe(0);
  });

  it('stop ends the gateway, and says so when none runs', async () => {
    const gateway = await world.serve('--demo');
    expect((await world.here(['stop', '--json'])).json()).toEqual({ draining: true });
    expect((await gateway.ended).code).toBe(0);
    expect((await world.here(['stop'])).code).toBe(1);
  });
});
