import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/storage/sqlite/driver.js';
import { CliWorld, type Running } from '../cli/cli-world.js';
import { RecordingUpstream } from '../support/recording-upstream.js';

const TOKEN = 'hT5rW9zQ2mKx8LpB3vNc7JdF4sYgA6eU';
const WRITER = 'mW3kR8tZ5qPx1LvB9nHc6JfD2sGyA7eU';
const OVER = 'zK7pQ2wX9mTr4LbV8nJc3FdH6sYgA5eU';
const FLYER = 'bD4hJ9sL2kFg7QwE5rTy8UiO1pZxC3vN';

interface Served {
  url: string;
  gateway: Running;
}

describe('old clients after an import', () => {
  let world: CliWorld;
  let upstream: RecordingUpstream;
  let served: Served | null = null;
  beforeAll(async () => {
    upstream = await RecordingUpstream.start({ models: ['test-model'] });
  });
  afterAll(() => upstream.close());
  beforeEach(async () => {
    world = await CliWorld.make();
  });
  afterEach(async () => {
    served?.gateway.signal('SIGTERM');
    await served?.gateway.ended;
    served = null;
    await world.remove();
  });

  /** Imports the files, and serves what `--out` wrote on a port of its own. */
  const imported = async (files: readonly string[], port: RegExp): Promise<string> => {
    const out = join(world.home, 'keyporter.yaml');
    const { code, err } = await world.here(['import', ...files, '--out', out]);
    expect([code, err]).toEqual([0, '']);
    const text = await readFile(out, 'utf8');
    expect(text).toMatch(port);
    await writeFile(out, text.replace(port, '127.0.0.1:0'), { mode: 0o600 });
    const gateway = world.start(['serve', '--config', out, '--data-dir', world.dataDir]);
    const banner = await gateway.said('data directory');
    served = { gateway, url: /http:\/\/[\d.]+:\d+/.exec(banner)?.[0] ?? '' };
    return served.url;
  };

  it('send their tokens in the body to the new gateway, and get what they got', async () => {
    const database = openSqlite(join(world.home, 'authwall.db'), { file: 'new', journal: 'plain' });
    database.exec(
      'CREATE TABLE tokens (token TEXT PRIMARY KEY, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expired_at INTEGER)',
    );
    const insert = database.prepare('INSERT INTO tokens VALUES (?, ?, 1700000000, ?)');
    insert.run(TOKEN, 'infer', 4_000_000_000);
    insert.run(WRITER, 'write:revoke', null);
    insert.run(OVER, 'infer', 1_700_000_001);
    insert.run(FLYER, 'infer:fly', null);
    database.close();
    await writeFile(
      join(world.home, 'config.ini'),
      `[APP]\nhost = 127.0.0.1\nport = 5001\n[DB]\ndb_name = authwall.db\nroot_token = root\n[INFER]\nv1 = ${upstream.url}/v1\ncompletions = ${upstream.url}/v1/chat/completions\n`,
    );
    const url = await imported(['config.ini', 'authwall.db'], /127\.0\.0\.1:5001/);
    const ask = async (method: string, path: string, body: object): Promise<[number, unknown]> => {
      const text = JSON.stringify(body);
      return new Promise((done, failed) => {
        const asked = request(
          `${url}${path}`,
          { method, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } },
          (answer) => {
            const pieces: Buffer[] = [];
            answer.on('data', (piece: Buffer) => pieces.push(piece));
            answer.on('end', () => done([answer.statusCode ?? 0, JSON.parse(Buffer.concat(pieces).toString('utf8'))]));
          },
        );
        asked.on('error', failed);
        asked.end(text);
      });
    };
    const chat = { model: 'test-model', messages: [{ role: 'user', content: 'hi' }] };
    expect((await ask('POST', '/v1/chat/completions', { ...chat, token: TOKEN }))[0]).toBe(200);
    expect(await ask('POST', '/v1/chat/completions', { ...chat, token: OVER })).toEqual([
      401,
      { error: 'Invalid token' },
    ]);
    expect(await ask('POST', '/v1/chat/completions', { ...chat, token: FLYER })).toEqual([
      401,
      { error: 'Invalid token' },
    ]);
    expect(await ask('POST', '/v1/chat/completions', { ...chat, token: 'root' })).toEqual([
      401,
      { error: 'Invalid token' },
    ]);
    expect(await ask('POST', '/v1/chat/completions', { ...chat, token: WRITER })).toEqual([
      403,
      { error: 'Insufficient permissions' },
    ]);
    const [status, list] = await ask('GET', '/list_tokens', { token: WRITER });
    expect(status).toBe(200);
    const scopes = (list as { tokens: { scope: string; expired_at: number | null }[] }).tokens.map(
      ({ scope, expired_at: end }) => [scope, end],
    );
    expect(scopes).toContainEqual(['infer', 4_000_000_000]);
    expect(scopes).toContainEqual(['write:revoke', null]);
    expect(await ask('POST', '/revoke_token', { token: WRITER, token_to_revoke: TOKEN })).toMatchObject([
      200,
      { message: 'Token revoked successfully' },
    ]);
    expect(await ask('POST', '/v1/chat/completions', { ...chat, token: TOKEN })).toEqual([
      401,
      { error: 'Invalid token' },
    ]);
  }, 30_000);

  it('of Orchestra go on with X-API-Key, weak keys among them', async () => {
    await writeFile(
      join(world.home, 'api_keys.json'),
      JSON.stringify({ valid_keys: [TOKEN, 'short'], require_auth_for_external: true, local_networks: [] }),
    );
    const url = await imported(
      ['api_keys.json'],
      /\$\{LOAD_BALANCER_HOST:-127\.0\.0\.1\}:\$\{LOAD_BALANCER_PORT:-9001\}/,
    );
    const infer = async (key: string): Promise<number> =>
      (
        await fetch(`${url}/infer`, {
          method: 'POST',
          headers: { 'x-api-key': key, 'content-type': 'application/json' },
          body: JSON.stringify({ model_name: 'nobody', request_body: { input: 'hi' } }),
        })
      ).status;
    expect(await infer('wrong')).toBe(401);
    for (const key of [TOKEN, 'short']) expect(await infer(key)).not.toBe(401);
  }, 30_000);

  it('keys of the file that an orchestra listener follows are left there', async () => {
    await writeFile(
      join(world.home, 'api_keys.json'),
      JSON.stringify({ valid_keys: [TOKEN], require_auth_for_external: true, local_networks: [] }),
      { mode: 0o600 },
    );
    await writeFile(
      join(world.home, 'keyporter.yaml'),
      'listeners: [{listen: "127.0.0.1:0", profile: orchestra}]\norchestra: {keys_file: api_keys.json}\n',
      { mode: 0o600 },
    );
    const { out } = await world.here(['import', 'api_keys.json', '--json']);
    const body = JSON.parse(out) as { keys: object; files: { fields: { field: string; why: string }[] }[] };
    expect(body.keys).toEqual({ found: 0, imported: 0, known: 0 });
    expect(body.files[0]?.fields.find(({ field }) => field === 'orchestra.keys_file')?.why).toContain('go on there');
  });
});
