import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { always, reply, startLittleServer } from './little-server.js';
import { startStackWorld } from './stack-world.js';

const endpoint = await startLittleServer(always(200, 'unreadable'));
const provider = {
  type: 'delegated',
  endpoint: `${endpoint.url}/validate`,
  contract: 'llama-stack-1626',
  timeout_ms: 2000,
};
const world = await startStackWorld([provider]);
afterAll(async () => {
  await world.close();
  await endpoint.close();
});
beforeEach(() => {
  endpoint.asked.length = 0;
  endpoint.answer = always(200, 'unreadable');
});

let tokens = 0;
const freshToken = (): string => `valid_api_key_${(tokens += 1)}`;

describe('the delegated provider in its first form', () => {
  test('B-01 a request without an Authorization header is refused with the text of the seed', async () => {
    const answer = await world.get('/v1/models');
    expect(answer.status).toBe(401);
    expect(answer.text).toBe('{"error": {"message": "Missing or invalid Authorization header"}}');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect((await world.get('/test')).status).toBe(401);
  });

  test('B-02 a header of another scheme gets the same text', async () => {
    const answer = await world.get('/v1/models', { authorization: 'InvalidFormat token123' });
    expect([answer.status, answer.message]).toEqual([401, 'Missing or invalid Authorization header']);
    expect(endpoint.asked).toEqual([]);
  });

  test('B-03 a 200 with an unreadable body lets the caller in', async () => {
    expect((await world.get('/v1/models', { authorization: `Bearer ${freshToken()}` })).status).toBe(200);
    expect((await world.chat(freshToken())).status).toBe(200);
  });

  test('B-04 a 401 of the endpoint is "Authentication failed"', async () => {
    endpoint.answer = always(401, {});
    const answer = await world.chat(freshToken());
    expect([answer.status, answer.message]).toEqual([401, 'Authentication failed']);
  });

  test('B-05 an endpoint that cannot be reached is "Authentication service error" and 401', async () => {
    endpoint.answer = (_, response) => void response.destroy();
    const answer = await world.chat(freshToken());
    expect([answer.status, answer.message]).toEqual([401, 'Authentication service error']);
  });

  test('B-05 so is one that is too slow', async () => {
    endpoint.answer = () => {};
    const answer = await world.chat(freshToken());
    expect([answer.status, answer.message]).toEqual([401, 'Authentication service error']);
  });

  test('B-06 the endpoint sees token, path, parameters as lists, and authorization among the headers', async () => {
    const token = freshToken();
    await world.get('/v1/models?param1=value1&param2=value2&blank=&flag', {
      authorization: `Bearer ${token}`,
      'user-agent': 'TestClient',
      'content-type': 'application/json',
      cookie: 'session=secret',
      'x-llamastack-provider-data': '{"openai_api_key":"secret"}',
    });
    const [asked] = endpoint.asked;
    expect([asked?.method, asked?.target]).toEqual(['POST', '/validate']);
    expect(asked?.json()).toMatchObject({
      api_key: token,
      request: {
        path: '/v1/models',
        headers: { authorization: `Bearer ${token}`, 'user-agent': 'TestClient' },
        params: { param1: ['value1'], param2: ['value2'] },
      },
    });
    expect(asked?.text).not.toMatch(/cookie|secret|blank|flag/);
  });

  test('B-07 a reply without attributes names the caller by a hash, never by the key itself', async () => {
    const token = freshToken();
    endpoint.answer = always(200, { message: 'ok' });
    expect((await world.chat(token)).status).toBe(200);
    const rows = (await world.gateway.admin.must('GET', '/requests?limit=1'))['data'] as { key_id: string }[];
    expect(rows[0]?.key_id).toMatch(/^delegated:[0-9a-f]{32}$/);
  });

  test('B-08 access_attributes of a reply are what route rules see', async () => {
    const ruled = await startStackWorld([{ ...provider, cache_seconds: 0 }], {
      auth: { route_policy: [{ permit: { paths: '*' }, when: 'user with red in teams' }] },
    });
    try {
      endpoint.answer = always(200, { access_attributes: { teams: ['red'] } });
      expect((await ruled.chat(freshToken())).status).toBe(200);
      endpoint.answer = always(200, { access_attributes: { teams: ['blue'] } });
      expect((await ruled.chat(freshToken())).status).toBe(403);
    } finally {
      await ruled.close();
    }
  });

  test('outage_status: 503 changes the status of an outage and nothing else', async () => {
    const strict = await startStackWorld([{ ...provider, outage_status: 503 }]);
    try {
      endpoint.answer = (_, response) => void response.destroy();
      const answer = await strict.chat(freshToken());
      expect([answer.status, answer.message]).toEqual([503, 'Authentication service error']);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]/);
      endpoint.answer = (_, response) => reply(response, 403, {});
      expect((await strict.chat(freshToken())).status).toBe(401);
    } finally {
      await strict.close();
    }
  });
});
