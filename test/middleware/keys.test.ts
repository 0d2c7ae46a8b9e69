import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requireKey, type KeySource } from '../../src/middleware.js';
import { ROOT } from '../tidy/source-tree.js';
import { ask, bearer, startVerifyWorld, type VerifyWorld } from '../contracts/verify/verify-world.js';
import { expressProgram, honoProgram, listening, plainProgram, PROGRAMS, type Program } from './programs.js';

let world: VerifyWorld;
const running: Program[] = [];
beforeAll(async () => {
  world = await startVerifyWorld({ auth: { failures_per_minute: null } });
});
afterEach(async () => {
  for (const program of running.splice(0)) await program.close();
});
afterAll(() => world.close());

async function guarded(source: KeySource, scopes: readonly string[] = [], make = plainProgram): Promise<string> {
  const program = await make(requireKey(source, { scopes }));
  running.push(program);
  return `${program.url}/test`;
}

describe.each(Object.entries(PROGRAMS))('a running Keyporter behind %s', (_name, make) => {
  it('lets the holder of a key through, with who he is, and nobody else', async () => {
    const url = await guarded({ url: world.api, key: world.asker }, ['infer'], make);
    const answer = await ask(url, {
      method: 'POST',
      headers: { ...bearer(world.key), 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.json()).toMatchObject({
      holder: { principal: 'alice', scopes: ['infer'], attributes: { key_id: [world.keyId] } },
    });
    expect((await ask(url)).status).toBe(401);
    expect((await ask(url, { headers: bearer('kp_wrong') })).status).toBe(401);
    expect(
      (await ask(url, { headers: { 'x-keyporter-asker': world.asker, 'x-forwarded-for': '127.0.0.1' } })).status,
    ).toBe(401);
  });

  it('tells it where the caller is', async () => {
    const here = await world.make({ scopes: ['infer'], allow_ips: ['127.0.0.1/32'] });
    const elsewhere = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.0/24'] });
    const url = await guarded({ url: world.api, key: world.asker }, [], make);
    expect((await ask(url, { headers: bearer(here.key) })).status).toBe(200);
    expect((await ask(url, { headers: { ...bearer(elsewhere.key), 'x-forwarded-for': '203.0.113.9' } })).status).toBe(
      401,
    );
  });
});

describe('a running Keyporter', () => {
  it('needs all scopes, and the model where one is named', async () => {
    const bound = await world.make({ scopes: ['infer', 'engine:read'], models: ['test-*'] });
    const source = { url: world.api, key: world.asker };
    expect((await ask(await guarded(source, ['infer', 'engine:read']), { headers: bearer(world.key) })).status).toBe(
      403,
    );
    expect((await ask(await guarded(source, ['infer']), { headers: bearer(bound.key) })).status).toBe(403);
    expect(
      (await ask(await guarded({ ...source, model: 'test-model' }, ['infer']), { headers: bearer(bound.key) })).status,
    ).toBe(200);
    expect(
      (await ask(await guarded({ ...source, model: 'renamed' }, ['infer']), { headers: bearer(bound.key) })).status,
    ).toBe(403);
  });

  it('that refuses the asker, is gone or is something else is an outage: nobody gets in and no key is blamed', async () => {
    const other = await listening(createServer((_request, response) => response.writeHead(401).end('{}')));
    running.push(other);
    const sources = [
      { url: world.api, key: 'kp_wrong' },
      { url: world.api, key: world.key },
      { url: `${world.api}/nowhere`, key: world.asker },
      { url: other.url, key: world.asker },
      { url: 'http://127.0.0.1:1', key: world.asker },
    ];
    for (const source of sources) {
      const answer = await ask(await guarded(source), { headers: bearer(world.key) });
      expect([source.url, answer.status, answer.header('retry-after')]).toEqual([source.url, 503, '5']);
      expect(answer.text).not.toContain(world.asker);
    }
  });

  it('that has had enough of a wrong asker blames no key either', async () => {
    const strict = await startVerifyWorld({ auth: { failures_per_minute: 2 } });
    const url = await guarded({ url: strict.api, key: 'kp_wrong' });
    for (let times = 0; times < 4; times += 1)
      expect((await ask(url, { headers: bearer(strict.key) })).status).toBe(503);
    await strict.close();
  });

  it('refuses a revoked key at the next request', async () => {
    const { id, key } = await world.make({ scopes: ['infer'] });
    const url = await guarded({ url: world.open, key: world.asker });
    expect((await ask(url, { headers: bearer(key) })).status).toBe(200);
    await world.gateway.admin.must('POST', `/keys/${id}/revoke`);
    expect((await ask(url, { headers: bearer(key) })).status).toBe(401);
  });

  it('names owners of any spelling as they are', async () => {
    const url = await guarded({ url: world.api, key: world.asker });
    for (const owner of ['50%', '%41', 'Zoë', 'a b']) {
      const { key } = await world.make({ owner, scopes: ['infer'] });
      expect((await ask(url, { headers: bearer(key) })).json()).toMatchObject({ holder: { principal: owner } });
    }
  });
});

describe('fixed hashes', () => {
  const secret = 'a secret somebody made up';
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  it.each(Object.entries(PROGRAMS))(
    'in %s let the keys through that they belong to, and no other',
    async (_name, make) => {
      const url = await guarded({ sha256: [sha256(secret).toUpperCase(), sha256(world.key)] }, [], make);
      expect((await ask(url, { headers: { 'x-api-key': secret } })).status).toBe(200);
      expect((await ask(url, { headers: bearer(`sk-${world.key}`) })).status).toBe(200);
      expect((await ask(url, { headers: bearer(world.key.replaceAll('_', '')) })).status).toBe(200);
      expect((await ask(url, { headers: bearer(world.asker) })).status).toBe(401);
      expect((await ask(url, { headers: bearer(sha256(world.key)) })).status).toBe(401);
      expect((await ask(url)).status).toBe(401);
    },
  );

  it('take one key and refuse two', async () => {
    const url = await guarded({ sha256: [sha256(world.key)] });
    expect((await ask(url, { headers: { ...bearer(world.key), 'x-api-key': 'dummy' } })).status).toBe(200);
    expect((await ask(url, { headers: { ...bearer(world.key), 'x-api-key': world.asker } })).status).toBe(400);
    expect(
      (await ask(url, { headers: { authorization: [`Bearer ${world.key}`, `Bearer ${world.key}`] } })).status,
    ).toBe(400);
  });
});

describe('the guard', () => {
  it('is what the package exports, with nothing of the gateway behind it', async () => {
    const entry: string = 'keyporter/middleware';
    const exported = (await import(entry)) as { requireKey: typeof requireKey };
    expect(exported.requireKey({ sha256: [] })).toBeTypeOf('function');
    const bundle = readFileSync(join(ROOT, 'dist/middleware.js'), 'utf8');
    const chunks = [...bundle.matchAll(/from "\.\/(chunks\/[^"]+)"/g)].map(([, path = '']) =>
      readFileSync(join(ROOT, 'dist', path), 'utf8'),
    );
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(20_000);
  });

  it('leaves what a later handler throws to the program', async () => {
    const program = await expressProgram(requireKey({ sha256: [] }));
    running.push(program);
    expect((await ask(`${program.url}/elsewhere`)).status).toBe(404);
    const hono = await honoProgram(requireKey({ sha256: [] }));
    running.push(hono);
    expect((await ask(`${hono.url}/elsewhere`)).status).toBe(401);
  });

  it('that no known framework calls says so', () => {
    const guard = requireKey({ sha256: [] }) as (...args: unknown[]) => unknown;
    expect(() => guard({}, {})).toThrow('a framework it does not know');
  });
});
