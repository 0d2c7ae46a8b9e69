import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { always, reply, startLittleServer, type Answering } from './little-server.js';
import { answered, chatWith, startStackWorld } from './stack-world.js';

const yes = always(200, { principal: 'alice', attributes: { roles: ['user'] } });
const endpoint = await startLittleServer(yes);
const provider = { type: 'delegated', endpoint: `${endpoint.url}/validate`, contract: 'ogx', timeout_ms: 2000 };
const world = await startStackWorld([provider], {
  auth: {
    route_policy: [
      { forbid: { paths: '/v1/embeddings' }, when: 'user with reader in roles' },
      { permit: { paths: '*' } },
    ],
  },
});
afterAll(async () => {
  await world.close();
  await endpoint.close();
});
beforeEach(() => {
  endpoint.asked.length = 0;
  endpoint.answer = yes;
});

let tokens = 0;
const freshToken = (): string => `token-${(tokens += 1)}`;

describe('the delegated provider in its present form', () => {
  test('B-09 principal and attributes of a reply are what route rules see', async () => {
    endpoint.answer = always(200, { principal: 'bob', attributes: { roles: ['reader'] }, message: 'ok' });
    const token = freshToken();
    expect((await world.chat(token)).status).toBe(200);
    const denied = await answered(
      fetch(`${world.url}/v1/embeddings`, { ...chatWith(token), body: '{"model":"test-model","input":"x"}' }),
    );
    expect([denied.status, denied.message]).toEqual([
      403,
      'Access denied: insufficient permissions for route /v1/embeddings',
    ]);
  });

  test('B-10 a reply that names nobody is no answer', async () => {
    for (const body of [
      { message: 'ok' },
      'garbage',
      [],
      { principal: 7 },
      { principal: 'a', attributes: { roles: 'x' } },
      { principal: 'a\nb' },
    ]) {
      endpoint.answer = always(200, body);
      const answer = await world.chat(freshToken());
      expect([answer.status, answer.message]).toEqual([401, 'Invalid authentication response format']);
    }
  });

  test('B-11 a missing header names who validates', async () => {
    const answer = await world.get('/v1/models');
    expect(answer.status).toBe(401);
    expect(answer.message).toBe(
      `Authentication required. Please provide your API key as a Bearer token (validated by ${endpoint.host})`,
    );
  });

  test('B-12 a wrong scheme has a text of its own', async () => {
    const answer = await world.get('/v1/models', { authorization: 'Basic abc' });
    expect([answer.status, answer.message]).toEqual([401, 'Invalid Authorization header format']);
  });

  test('B-13 the text carries the status of the endpoint', async () => {
    endpoint.answer = always(403, {});
    expect((await world.chat(freshToken())).message).toBe('Authentication failed: 403');
  });

  const outages: [string, Answering][] = [
    ['breaks the connection', (_, response) => void response.destroy()],
    ['never answers', () => {}],
    ['drips its answer', (_, response) => void response.writeHead(200).write('{')],
    ['sends more than 64 KiB', always(200, { principal: 'alice', message: 'x'.repeat(70_000) })],
    [
      'breaks off within its answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"principal":"alice"', () => response.destroy());
      },
    ],
  ];
  test.each(outages)('B-14 an endpoint that %s is 503 with a time to wait, and nobody comes in', async (_, answer) => {
    endpoint.answer = answer;
    const refused = await world.chat(freshToken());
    expect([refused.status, refused.message]).toEqual([503, 'Authentication service unavailable']);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]/);
  });

  test.each([201, 202, 204, 301, 302, 307, 500, 503])(
    'status %i of the endpoint lets nobody in and is never followed',
    async (status) => {
      endpoint.answer = (_, response) => {
        response.writeHead(status, { location: `${endpoint.url}/elsewhere` });
        response.end(status === 204 ? undefined : '{"principal":"alice"}');
      };
      const answer = await world.chat(freshToken());
      expect([answer.status, answer.message]).toEqual([401, `Authentication failed: ${status}`]);
      expect(endpoint.asked).toHaveLength(1);
    },
  );

  test('the endpoint never sees authorization, cookies or the keys of other services', async () => {
    await world.chat('the-token', {
      cookie: 'session=secret',
      'x-ogx-provider-data': 'secret',
      'x-forwarded-for': '10.0.0.1',
      'x-custom': 'secret',
    });
    const { request } = (endpoint.asked[0]?.json() ?? {}) as {
      request: { headers: Record<string, string>; method: string; client_ip: string };
    };
    expect(
      Object.keys(request.headers).every((name) =>
        ['accept', 'accept-language', 'content-type', 'host', 'user-agent'].includes(name),
      ),
    ).toBe(true);
    expect(request).toMatchObject({ method: 'POST', client_ip: '127.0.0.1' });
    expect(endpoint.asked[0]?.headers['authorization']).toBeUndefined();
  });

  test('a cached caller costs no question, another path does', async () => {
    const token = freshToken();
    for (let round = 0; round < 5; round += 1) expect((await world.chat(token)).status).toBe(200);
    expect(endpoint.asked).toHaveLength(1);
    await world.get('/v1/models', { authorization: `Bearer ${token}` });
    expect(endpoint.asked).toHaveLength(2);
  });

  test('50 first requests of one caller at once cost one question', async () => {
    const token = freshToken();
    const held: (() => void)[] = [];
    endpoint.answer = (_, response) => void held.push(() => reply(response, 200, { principal: 'alice' }));
    const all = Array.from({ length: 50 }, () => world.chat(token));
    await endpoint.whenAsked(1);
    held[0]?.();
    expect((await Promise.all(all)).every(({ status }) => status === 200)).toBe(true);
    expect(endpoint.asked).toHaveLength(1);
  });

  test('a key of ours is never shown to the endpoint, in whatever state or however mistyped', async () => {
    const { id, key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    expect((await world.chat(key)).status).toBe(200);
    await world.gateway.admin.must('POST', `/keys/${id}/revoke`, {});
    const mistyped = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
    const shown = [
      key,
      mistyped,
      key.replaceAll('_', ''),
      mistyped.replaceAll('_', ''),
      `sk-${mistyped}`,
      'kp_whatever',
      key.slice(0, 30),
    ];
    for (const token of shown) {
      const answer = await world.chat(token);
      expect([token.length, answer.status, answer.message]).toEqual([token.length, 401, 'Authentication failed: 401']);
    }
    expect(endpoint.asked).toEqual([]);
  });

  test('two different credentials are shown to nobody', async () => {
    expect((await world.chat('one', { 'x-api-key': 'two' })).status).toBe(401);
    expect(endpoint.asked).toEqual([]);
  });

  test('the usual listener takes the same callers and answers in its own words', async () => {
    expect((await answered(fetch(`${world.openaiUrl}/v1/chat/completions`, chatWith(freshToken())))).status).toBe(200);
    endpoint.answer = always(401, {});
    const refused = await answered(fetch(`${world.openaiUrl}/v1/chat/completions`, chatWith(freshToken())));
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'invalid_api_key' } });
    endpoint.answer = (_, response) => void response.destroy();
    const outage = await answered(fetch(`${world.openaiUrl}/v1/chat/completions`, chatWith(freshToken())));
    expect([outage.status, (JSON.parse(outage.text) as { error: { code: string } }).error.code]).toEqual([
      503,
      'auth_unavailable',
    ]);
  });
});
