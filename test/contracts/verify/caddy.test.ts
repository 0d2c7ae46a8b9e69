import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCaddy, startPage, type Page, type Proxy } from './guarded-page.js';
import { ask, bearer, startVerifyWorld, type VerifyWorld } from './verify-world.js';

const present = spawnSync('caddy', ['version']).status === 0;

describe.skipIf(!present)('a page behind Caddy (caddy has to be installed)', () => {
  let world: VerifyWorld;
  let page: Page;
  /** Caddy keeps the query of the guarded request behind this path. */
  let bare: Proxy;
  /** As docs/forward-auth.md has it. */
  let careful: Proxy;

  beforeAll(async () => {
    page = await startPage();
    world = await startVerifyWorld({ auth: { local_networks: ['127.0.0.1/32'], failures_per_minute: null } });
    bare = await startCaddy(`
      forward_auth ${world.open} {
        uri /auth/verify
      }
      reverse_proxy 127.0.0.1:${page.port}`);
    careful = await startCaddy(`
      route {
        request_header -X-Keyporter-*
        forward_auth ${world.api} {
          uri /auth/verify?scope=infer
          header_up X-Keyporter-Asker ${world.asker}
          copy_headers X-Keyporter-Key-Id X-Keyporter-Owner X-Keyporter-Scopes
        }
        request_header -Authorization
        reverse_proxy 127.0.0.1:${page.port}
      }`);
  });
  afterAll(async () => {
    await bare.stop();
    await careful.stop();
    await world.close();
    await page.close();
  });

  describe('Caddy', () => {
    it('lets the holder of a key to the page, with who he is, and nobody else', async () => {
      const headers = { ...bearer(world.key), 'x-keyporter-owner': 'mallory' };
      expect((await ask(`${careful.url}/`, { headers })).text).toBe('the page');
      expect(page.reached.at(-1)).toMatchObject({
        'x-keyporter-owner': 'alice',
        'x-keyporter-key-id': world.keyId,
        'x-keyporter-scopes': 'infer',
      });
      expect(page.reached.at(-1)).not.toHaveProperty('authorization');
      const before = page.reached.length;
      const stranger = await ask(`${careful.url}/`);
      expect(stranger.status).toBe(401);
      expect(stranger.json()).toMatchObject({ error: { code: 'missing_api_key' } });
      expect((await ask(`${careful.url}/`, { headers: bearer('kp_wrong') })).status).toBe(401);
      expect(
        (await ask(`${careful.url}/`, { headers: { 'x-forwarded-for': '127.0.0.1', 'x-keyporter-asker': world.key } }))
          .status,
      ).toBe(401);
      expect(page.reached.length).toBe(before);
    });

    it('guards pages of any host name and any method', async () => {
      expect(
        (
          await ask(`${careful.url}/`, {
            method: 'POST',
            body: 'text',
            headers: { ...bearer(world.key), host: 'page.example' },
          })
        ).status,
      ).toBe(200);
      expect(
        (
          await ask(`${careful.url}/`, {
            method: 'OPTIONS',
            headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
          })
        ).status,
      ).toBe(401);
    });

    it('guards WebSocket handshakes', async () => {
      const handshake = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      };
      expect((await ask(`${careful.url}/`, { headers: { ...bearer(world.key), ...handshake } })).text).toBe('the page');
      expect((await ask(`${careful.url}/`, { headers: handshake })).status).toBe(401);
    });

    it('does not let the caller choose what is asked of his key through the query of the page', async () => {
      const reader = await world.make({ scopes: ['engine:read'] });
      const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
      for (const proxy of [bare, careful]) {
        expect((await ask(`${proxy.url}/page?scope=engine:read`, { headers: bearer(reader.key) })).status).toBe(403);
        expect((await ask(`${proxy.url}/page?model=test-model`, { headers: bearer(bound.key) })).status).toBe(403);
        expect((await ask(`${proxy.url}/page?page=2`, { headers: bearer(world.key) })).status).toBe(200);
      }
    });

    it('tells where the caller is only with a key of its own', async () => {
      const here = await world.make({ scopes: ['infer'], allow_ips: ['127.0.0.1/32'] });
      expect((await ask(`${careful.url}/`, { headers: bearer(here.key) })).status).toBe(200);
      expect((await ask(`${bare.url}/`, { headers: bearer(here.key) })).status).toBe(401);
    });
  });
});
