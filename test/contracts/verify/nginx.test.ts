import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNginx, startPage, type Page, type Proxy } from './guarded-page.js';
import { ask, bearer, startVerifyWorld, type VerifyWorld } from './verify-world.js';

const present = spawnSync('nginx', ['-v']).status === 0;

describe.skipIf(!present)('a page behind nginx (nginx has to be installed)', () => {
  let world: VerifyWorld;
  let page: Page;
  /** As most people write it: nothing about forwarding, no key of the asker, no `for=nginx`. */
  let usual: Proxy;
  /** As docs/forward-auth.md has it. */
  let careful: Proxy;

  beforeAll(async () => {
    page = await startPage();
    world = await startVerifyWorld({
      auth: { local_networks: ['127.0.0.1/32'], failures_per_minute: null },
      trusted_proxies: [],
    });
    usual = await startNginx(`
    location / { auth_request /auth; proxy_pass http://127.0.0.1:${page.port}; }
    location = /auth {
      internal;
      proxy_pass ${world.open}/auth/verify;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }`);
    careful = await startNginx(`
    location / {
      auth_request /auth;
      auth_request_set $key_id $upstream_http_x_keyporter_key_id;
      auth_request_set $key_owner $upstream_http_x_keyporter_owner;
      proxy_set_header X-Keyporter-Key-Id $key_id;
      proxy_set_header X-Keyporter-Owner $key_owner;
      proxy_set_header Authorization "";
      proxy_pass http://127.0.0.1:${page.port};
    }
    location = /auth {
      internal;
      proxy_pass ${world.api}/auth/verify?for=nginx;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Keyporter-Asker ${world.asker};
      proxy_set_header X-Forwarded-For $remote_addr;
    }`);
  });
  afterAll(async () => {
    await usual.stop();
    await careful.stop();
    await world.close();
    await page.close();
  });

  describe('nginx as it is usually written', () => {
    it('lets the holder of a key to the page and nobody else', async () => {
      expect((await ask(`${usual.url}/`, { headers: bearer(world.key) })).text).toBe('the page');
      expect((await ask(`${usual.url}/`)).status).toBe(401);
      expect((await ask(`${usual.url}/`, { headers: bearer('kp_wrong') })).status).toBe(401);
      const reader = await world.make({ scopes: ['engine:read'] });
      expect((await ask(`${usual.url}/`, { headers: bearer(reader.key) })).status).toBe(403);
    });

    it('gains a stranger nothing, whatever he writes into his request', async () => {
      const before = page.reached.length;
      const bound = await world.make({ scopes: ['infer'], allow_ips: ['127.0.0.0/8', '203.0.113.0/24'] });
      const attempts: Record<string, string>[] = [
        { 'x-forwarded-for': '127.0.0.1' },
        { 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' },
        { 'x-keyporter-asker': world.key },
        { 'x-keyporter-asker': 'kp_wrong', ...bearer(world.key) },
        { 'x-original-url': '/healthz', 'x-forwarded-uri': '/healthz', 'x-forwarded-method': 'OPTIONS' },
        { 'x-keyporter-key-id': world.keyId, 'x-keyporter-owner': 'alice', 'x-keyporter-scopes': 'admin' },
        { ...bearer(bound.key), 'x-forwarded-for': '203.0.113.9' },
        { ...bearer(bound.key), 'x-forwarded-for': '127.0.0.1', 'x-keyporter-asker': '' },
        { origin: 'https://page.example', 'access-control-request-method': 'GET' },
      ];
      for (const headers of attempts) {
        for (const method of ['GET', 'POST', 'OPTIONS', 'HEAD']) {
          const { status } = await ask(`${usual.url}/page?scope=engine:read&model=test-model`, { method, headers });
          expect([headers, method, status >= 400]).toEqual([headers, method, true]);
        }
      }
      expect(page.reached.length).toBe(before);
    });

    it('takes no notice of the query and the body of the guarded request', async () => {
      const reader = await world.make({ scopes: ['engine:read'] });
      expect((await ask(`${usual.url}/page?scope=engine:read`, { headers: bearer(reader.key) })).status).toBe(403);
      expect(
        (
          await ask(`${usual.url}/page?scope=engine:read`, {
            method: 'POST',
            headers: bearer(world.key),
            body: 'x'.repeat(50_000),
          })
        ).status,
      ).toBe(200);
    });
  });

  describe('nginx with a key of its own', () => {
    it('hands the page who calls, in place of what the caller claims', async () => {
      const headers = { ...bearer(world.key), 'x-keyporter-owner': 'mallory', 'x-keyporter-key-id': 'forged' };
      expect((await ask(`${careful.url}/`, { headers })).status).toBe(200);
      expect(page.reached.at(-1)).toMatchObject({ 'x-keyporter-owner': 'alice', 'x-keyporter-key-id': world.keyId });
      expect(page.reached.at(-1)).not.toHaveProperty('authorization');
    });

    it('hands the page no owner where the key has none', async () => {
      const nobodys = await world.make({ scopes: ['infer'] });
      expect(
        (await ask(`${careful.url}/`, { headers: { ...bearer(nobodys.key), 'x-keyporter-owner': 'mallory' } })).status,
      ).toBe(200);
      expect(page.reached.at(-1)).not.toHaveProperty('x-keyporter-owner');
    });

    it('tells where the caller is, so that keys bound to addresses work', async () => {
      const here = await world.make({ scopes: ['infer'], allow_ips: ['127.0.0.1/32'] });
      const elsewhere = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.0/24'] });
      expect((await ask(`${careful.url}/`, { headers: bearer(here.key) })).status).toBe(200);
      expect(
        (await ask(`${careful.url}/`, { headers: { ...bearer(elsewhere.key), 'x-forwarded-for': '203.0.113.9' } }))
          .status,
      ).toBe(401);
    });

    it('never answers 500 to what a caller sends', async () => {
      for (const headers of [
        {},
        bearer('kp_wrong'),
        { 'x-api-key': 'one', 'api-key': 'two' },
        { authorization: 'Bearer a, Bearer b' },
      ]) {
        expect([401, 403]).toContain((await ask(`${careful.url}/`, { headers })).status);
      }
    });
  });
});
