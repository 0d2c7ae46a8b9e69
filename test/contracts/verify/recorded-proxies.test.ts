import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../../support/raw-client.js';
import { startVerifyWorld, type VerifyWorld } from './verify-world.js';

let world: VerifyWorld;
beforeAll(async () => {
  world = await startVerifyWorld({ auth: { failures_per_minute: null } });
});
afterAll(() => world.close());

/** What Traefik 3 sends for `POST /v1/things?page=2` on app.example, with `forwardAuth.address` set to this path. */
const traefik = (path: string, method: string, headers: readonly string[]) =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${world.api.slice(7)}`,
    'User-Agent: curl/8.5.0',
    ...headers,
    'Accept: */*',
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Host: app.example',
    'X-Forwarded-Method: POST',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Uri: /v1/things?page=2',
    'X-Forwarded-Port: 443',
    'X-Forwarded-Server: traefik-0',
    'X-Real-Ip: 203.0.113.9',
    'Accept-Encoding: gzip',
  ].join('\r\n') + '\r\n\r\n';

/** What Envoy 1.30 sends through an HTTP ext_authz filter with `path_prefix: /auth/verify`: method, host, path and query of the guarded request. */
const envoy = (method: string, target: string, headers: readonly string[]) =>
  [
    `${method} /auth/verify${target} HTTP/1.1`,
    'host: app.example',
    ...headers,
    'x-forwarded-for: 203.0.113.9',
    'x-envoy-internal: true',
    'content-length: 0',
    'x-envoy-expected-rq-timeout-ms: 200',
  ].join('\r\n') + '\r\n\r\n';

async function sent(bytes: string) {
  const client = await RawClient.open(world.api);
  client.write(bytes);
  const answer = await client.answer();
  client.close();
  return answer;
}

const asker = () => `x-keyporter-asker: ${world.asker}`;

describe('Traefik forwardAuth', () => {
  it('gets 200 with the headers it copies, and the refusal it passes on to the client', async () => {
    const yes = await sent(traefik('/auth/verify', 'GET', [asker(), `Authorization: Bearer ${world.key}`]));
    expect([yes.status, yes.header('x-keyporter-owner'), yes.header('x-keyporter-key-id')]).toEqual([
      200,
      'alice',
      world.keyId,
    ]);
    const no = await sent(traefik('/auth/verify', 'GET', [asker()]));
    expect([no.status, no.json()]).toMatchObject([401, { error: { code: 'missing_api_key' } }]);
    expect(no.header('www-authenticate')).toContain('Bearer');
  });

  it('may keep the method of the request, and no method is let through without a key', async () => {
    const preflight = ['Origin: https://evil.example', 'Access-Control-Request-Method: DELETE'];
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect(
        (await sent(traefik('/auth/verify', method, [asker(), `Authorization: Bearer ${world.key}`]))).status,
      ).toBe(200);
      expect((await sent(traefik('/auth/verify', method, [asker(), ...preflight]))).status).toBe(401);
    }
  });

  it('vouches for the address of the caller', async () => {
    const there = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.9/32'] });
    const elsewhere = await world.make({ scopes: ['infer'], allow_ips: ['198.51.100.0/24'] });
    expect((await sent(traefik('/auth/verify', 'GET', [asker(), `x-api-key: ${there.key}`]))).status).toBe(200);
    expect((await sent(traefik('/auth/verify', 'GET', [asker(), `x-api-key: ${elsewhere.key}`]))).status).toBe(401);
  });
});

describe('Envoy ext_authz', () => {
  it('may ask under the path, the method and the host of the guarded request', async () => {
    const headers = [asker(), `authorization: Bearer ${world.key}`];
    expect((await sent(envoy('POST', '/v1/chat/completions', headers))).status).toBe(200);
    expect((await sent(envoy('GET', '/', headers))).status).toBe(200);
    expect((await sent(envoy('DELETE', '/a/b?c=d', headers))).status).toBe(200);
    expect((await sent(envoy('POST', '/v1/chat/completions', [asker()]))).status).toBe(401);
  });

  it('does not let the caller choose what is asked of his key', async () => {
    const reader = await world.make({ scopes: ['engine:read'] });
    const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
    expect(
      (await sent(envoy('GET', '/page?scope=engine:read', [asker(), `authorization: Bearer ${reader.key}`]))).status,
    ).toBe(403);
    expect(
      (await sent(envoy('GET', '/page?model=test-model', [asker(), `authorization: Bearer ${bound.key}`]))).status,
    ).toBe(403);
  });

  it('gets no 200 for a path written to look like another one', async () => {
    for (const target of ['/../healthz', '/%2e%2e/healthz', '//healthz', '/..%2fhealthz', '/a%00b']) {
      expect((await sent(envoy('GET', target, [asker()]))).status).toBeGreaterThanOrEqual(400);
    }
  });
});
