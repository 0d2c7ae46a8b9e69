import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, bearer, startVerifyWorld, type VerifyWorld } from './verify-world.js';

let world: VerifyWorld;
/** Asks as a proxy with its own key about `key`. */
const verify = (path: string, key: string | null, headers: Record<string, string> = {}, method = 'GET') =>
  ask(`${world.api}${path}`, {
    method,
    headers: { 'x-keyporter-asker': world.asker, ...(key === null ? {} : bearer(key)), ...headers },
  });

beforeAll(async () => {
  world = await startVerifyWorld({ auth: { failures_per_minute: null, local_networks: ['127.0.0.1/32'] } });
});
afterAll(() => world.close());

describe('/auth/verify', () => {
  it('tells the proxy who the holder of a good key is, and that no model was judged', async () => {
    const answer = await verify('/auth/verify', world.key);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(answer.header('x-keyporter-key-id')).toBe(world.keyId);
    expect(answer.header('x-keyporter-owner')).toBe('alice');
    expect(answer.header('x-keyporter-scopes')).toBe('infer');
    expect(answer.header('x-keyporter-model-check')).toBe('none');
    expect(answer.header('cache-control')).toBe('no-store');
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'takes %s, on the path and below it',
    async (method) => {
      for (const path of ['/auth/verify', '/auth/verify/v1/chat/completions']) {
        expect((await verify(path, world.key, {}, method)).status).toBe(200);
        expect((await verify(path, 'kp_wrong', {}, method)).status).toBe(401);
      }
    },
  );

  it('finds the key in every slot that inference takes', async () => {
    for (const headers of [
      { 'x-api-key': world.key },
      { 'api-key': world.key },
      { 'x-api-key': world.key, authorization: 'Bearer dummy' },
    ]) {
      expect((await verify('/auth/verify', null, headers)).status).toBe(200);
    }
    const handshake = { 'sec-websocket-protocol': `realtime, openai-insecure-api-key.${world.key}` };
    expect((await verify('/auth/verify', null, handshake)).status).toBe(200);
    const other = await world.make({ scopes: ['infer'] });
    expect((await verify('/auth/verify', world.key, { 'x-api-key': other.key })).status).toBe(400);
    expect((await verify('/auth/verify', other.key, handshake)).status).toBe(400);
  });

  it('asks for the key although the proxy stands in a network that needs none', async () => {
    const answer = await verify('/auth/verify', null);
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ error: { code: 'missing_api_key' } });
    expect(answer.header('x-keyporter-refused')).toBe('subject');
  });

  it('asks for the scopes it is told, infer by default, all of them', async () => {
    const reader = await world.make({ scopes: ['engine:read', 'infer:chat'] });
    expect((await verify('/auth/verify', reader.key)).status).toBe(403);
    expect((await verify('/auth/verify?scope=engine:read', reader.key)).status).toBe(200);
    expect((await verify('/auth/verify?scope=infer:chat', reader.key)).status).toBe(200);
    expect((await verify('/auth/verify?scope=engine:read+infer:chat', reader.key)).status).toBe(200);
    expect((await verify('/auth/verify?scope=engine:read+engine:control', reader.key)).status).toBe(403);
    expect((await verify('/auth/verify?scope=engine:read&scope=engine:control', reader.key)).status).toBe(403);
  });

  it('refuses a scope that does not exist, and two models', async () => {
    expect((await verify('/auth/verify?scope=infr', world.key)).status).toBe(400);
    expect((await verify('/auth/verify?model=test-model&model=renamed', world.key)).status).toBe(400);
  });

  it('judges the model it is told, by its canonical name', async () => {
    const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
    const answer = await verify('/auth/verify?model=test-alias', bound.key);
    expect(answer.status).toBe(200);
    expect(answer.header('x-keyporter-model')).toBe('test-model');
    expect(answer.header('x-keyporter-model-check')).toBeUndefined();
    expect((await verify('/auth/verify?model=renamed', bound.key)).status).toBe(404);
    expect((await verify('/auth/verify?model=secret-model', world.key)).status).toBe(404);
    expect((await verify('/auth/verify?model=nobody-has-it', world.key)).status).toBe(404);
  });

  it('lets no key that is bound to models through where no model is named, unless inference is not in question', async () => {
    const bound = await world.make({ scopes: ['infer', 'engine:read'], models: ['test-*'] });
    const refused = await verify('/auth/verify', bound.key);
    expect(refused.status).toBe(403);
    expect(refused.json()).toMatchObject({ error: { code: 'model_not_named' } });
    expect((await verify('/auth/verify?scope=engine:read', bound.key)).status).toBe(200);
    const child = await world.make({ scopes: ['infer'], models: ['*'] });
    expect((await verify('/auth/verify', child.key)).status).toBe(200);
  });

  it('below the path takes the query for that of the guarded request, which may ask for more and never for less', async () => {
    const reader = await world.make({ scopes: ['engine:read'] });
    const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
    expect((await verify('/auth/verify/page?scope=engine:read', reader.key)).status).toBe(403);
    expect((await verify('/auth/verify/page?model=test-model', bound.key)).status).toBe(403);
    expect((await verify('/auth/verify/page?scope=engine:read', world.key)).status).toBe(403);
    expect((await verify('/auth/verify/page?scope=openid&model=other', world.key)).status).toBe(200);
  });

  it('on the path does the same for a query that the proxy carried over from the guarded request', async () => {
    const reader = await world.make({ scopes: ['engine:read'] });
    const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
    const carried = (query: string) => ({ 'x-forwarded-uri': `/page?${query}` });
    expect((await verify('/auth/verify?scope=engine:read', reader.key, carried('scope=engine:read'))).status).toBe(403);
    expect((await verify('/auth/verify?model=test-model', bound.key, carried('model=test-model'))).status).toBe(403);
    expect((await verify('/auth/verify?scope=engine:read', reader.key, carried('page=2'))).status).toBe(200);
  });

  it('says nothing of an end but to the holder of a whole expired key', async () => {
    const expired = await world.make({ scopes: ['infer'], expires_at: Math.floor(Date.now() / 1000) + 1 });
    const revoked = await world.make({ scopes: ['infer'] });
    await world.gateway.admin.must('POST', `/keys/${revoked.id}/revoke`);
    const answer = await verify('/auth/verify', revoked.key);
    expect([answer.status, answer.json()]).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
    await expect.poll(async () => (await verify('/auth/verify', expired.key)).text).toContain('expired at');
  });

  it('judges a body-carrying request without waiting for its body', async () => {
    const client = await world.gateway.connect();
    client.write(
      `POST /auth/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nx-keyporter-asker: ${world.asker}\r\nauthorization: Bearer ${world.key}\r\ncontent-length: 100000\r\n\r\n`,
    );
    const answer = await client.answer();
    expect([answer.status, answer.header('connection')]).toEqual([200, 'close']);
    client.close();
  });

  it('judges a preflight like any other request: a method never authorises', async () => {
    const preflight = { origin: 'https://page.example', 'access-control-request-method': 'GET' };
    expect((await verify('/auth/verify', null, preflight, 'OPTIONS')).status).toBe(401);
    expect((await ask(`${world.api}/auth/verify`, { method: 'OPTIONS', headers: preflight })).status).toBe(401);
  });
});

describe('the asker', () => {
  const askWith = (headers: Record<string, string>, path = '/auth/verify') =>
    ask(`${world.api}${path}`, { headers: { ...bearer(world.key), ...headers } });

  it('is asked for its own key on an api listener, wherever it calls from', async () => {
    const answer = await askWith({});
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_asker' } });
  });

  it('gets an answer of its own look, the same for a good key and a bad one', async () => {
    const good = await askWith({ 'x-keyporter-asker': 'kp_wrong' });
    const bad = await ask(`${world.api}/auth/verify`, {
      headers: { ...bearer('kp_bad'), 'x-keyporter-asker': 'kp_wrong' },
    });
    expect([good.status, good.text]).toEqual([bad.status, bad.text]);
    expect([good.status, good.header('x-keyporter-refused')]).toEqual([401, 'asker']);
    const subject = await verify('/auth/verify', 'kp_bad');
    expect(subject.header('www-authenticate')).not.toBe(good.header('www-authenticate'));
  });

  it('needs auth:verify, which no other scope but admin gives', async () => {
    const other = await world.make({ scopes: ['infer', 'keys:read'] });
    const answer = await askWith({ 'x-keyporter-asker': other.key });
    expect([answer.status, answer.header('x-keyporter-refused')]).toEqual([403, 'asker']);
    const admin = await world.make({ scopes: ['admin'] });
    expect((await askWith({ 'x-keyporter-asker': admin.key })).status).toBe(200);
  });

  it('of a verify network needs no key, but a wrong one is refused there too', async () => {
    expect((await ask(`${world.open}/auth/verify`, { headers: bearer(world.key) })).status).toBe(200);
    expect(
      (await ask(`${world.open}/auth/verify`, { headers: { ...bearer(world.key), 'x-keyporter-asker': 'kp_wrong' } }))
        .status,
    ).toBe(401);
  });

  it('may ask under any host name with its key; without one only under names of this server', async () => {
    const host = { host: 'page.example' };
    expect((await verify('/auth/verify', world.key, host)).status).toBe(200);
    expect((await ask(`${world.open}/auth/verify`, { headers: { ...bearer(world.key), ...host } })).status).toBe(421);
    expect((await askWith({ ...host, 'x-keyporter-asker': 'kp_wrong' })).status).toBe(401);
  });
});

describe('a web page', () => {
  it('gets to read no answer, also where pages of every origin may use the API', async () => {
    const open = await startVerifyWorld({ cors: { allow_origins: ['*'] } });
    const answers = [
      await ask(`${open.open}/auth/introspect`, {
        method: 'POST',
        headers: { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${open.key}`,
      }),
      await ask(`${open.open}/auth/verify`, { headers: { origin: 'https://evil.example', ...bearer(open.key) } }),
    ];
    for (const answer of answers)
      expect([answer.status, answer.header('access-control-allow-origin')]).toEqual([200, undefined]);
    await open.close();
  });

  it('under a name of its own gets past the door by no header', async () => {
    const headers = { host: 'evil.example', 'x-keyporter-asker': 'anything' };
    for (const path of ['/auth/other', '/v1/models', '/auth/llama-stack/x'])
      expect((await ask(`${world.api}${path}`, { headers })).status).not.toBe(200);
    expect((await ask(`${world.api}/v1/models`, { headers })).status).toBe(421);
  });
});

describe('the address of the subject', () => {
  it('is read from forwarding headers of an asker with a key alone', async () => {
    const bound = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.0/24'] });
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    expect((await verify('/auth/verify', bound.key, forwarded)).status).toBe(200);
    expect((await verify('/auth/verify', bound.key, { forwarded: 'for=203.0.113.9' })).status).toBe(200);
    expect((await verify('/auth/verify', bound.key, { 'x-forwarded-for': '203.0.113.9, 198.51.100.1' })).status).toBe(
      401,
    );
    expect((await verify('/auth/verify', bound.key)).status).toBe(401);
    const open = await ask(`${world.open}/auth/verify`, { headers: { ...bearer(bound.key), ...forwarded } });
    expect(open.status).toBe(401);
  });

  it('is never that of the proxy', async () => {
    const local = await world.make({ scopes: ['infer'], allow_ips: ['127.0.0.0/8'] });
    expect((await verify('/auth/verify', local.key)).status).toBe(401);
    expect((await verify('/auth/verify', local.key, { 'x-forwarded-for': 'nonsense' })).status).toBe(401);
    expect((await ask(`${world.open}/auth/verify`, { headers: bearer(local.key) })).status).toBe(401);
  });
});

describe('for=nginx', () => {
  it('answers nothing but 2xx, 401 and 403, also to what is not understood at all', async () => {
    const nginx = '/auth/verify?for=nginx';
    const other = await world.make({ scopes: ['infer'] });
    expect((await verify(nginx, world.key)).status).toBe(200);
    expect((await verify(nginx, 'kp_wrong')).status).toBe(401);
    expect((await verify(`${nginx}&scope=engine:read`, world.key)).status).toBe(403);
    expect((await verify(`${nginx}&model=nobody-has-it`, world.key)).status).toBe(403);
    expect((await verify(`${nginx}&scope=infr`, world.key)).status).toBe(403);
    expect((await verify(nginx, world.key, { 'x-api-key': other.key })).status).toBe(403);
    expect((await verify(nginx, null, { authorization: `Bearer ${world.key}, Bearer ${other.key}` })).status).toBe(403);
    expect((await verify(`/auth/verify/a%2Fb?for=nginx`, world.key)).status).toBe(403);
    expect(
      (await ask(`${world.open}${nginx}`, { headers: { ...bearer(world.key), host: 'evil.example' } })).status,
    ).toBe(403);
  });
});

describe('wrong keys', () => {
  it('are slowed down after too many, good ones are not', async () => {
    const strict = await startVerifyWorld({ auth: { failures_per_minute: 3 } });
    const wrong = (path: string) => ask(`${strict.open}${path}`, { headers: bearer('kp_wrong') });
    const statuses = [];
    for (let times = 0; times < 4; times += 1) statuses.push((await wrong('/auth/verify')).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await wrong('/auth/verify')).header('x-keyporter-refused')).toBe('subject');
    const asker = await ask(`${strict.open}/auth/verify`, { headers: { 'x-keyporter-asker': 'kp_wrong' } });
    expect([asker.status, asker.header('x-keyporter-refused')]).toEqual([429, 'asker']);
    expect((await wrong('/auth/verify?for=nginx')).status).toBe(403);
    expect((await ask(`${strict.open}/auth/verify`, { headers: bearer(strict.key) })).status).toBe(200);
    await strict.close();
  });
});
