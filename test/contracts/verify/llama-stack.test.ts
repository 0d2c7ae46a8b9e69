import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, startVerifyWorld, type VerifyWorld } from './verify-world.js';

let world: VerifyWorld;
beforeAll(async () => {
  world = await startVerifyWorld({ auth: { failures_per_minute: null } });
});
afterAll(() => world.close());

/** As an OGX server asks: with no key of its own, from a verify network. */
const asked = (body: unknown, at = world.open, headers: Record<string, string> = {}, query = '') =>
  ask(`${at}/auth/llama-stack${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const request = {
  path: '/v1/models',
  headers: { 'user-agent': 'client', authorization: 'Bearer other' },
  params: { limit: ['10'] },
};

describe('POST /auth/llama-stack', () => {
  it('has what every generation reads in one answer', async () => {
    const { key } = await world.make({
      name: 'notebook',
      owner: 'alice',
      scopes: ['infer', 'usage:read'],
      attributes: { roles: ['developer'], teams: ['search', 'ml'], projects: ['p1'], namespaces: ['n1'] },
    });
    const answer = await asked({ api_key: key, request });
    expect(answer.status).toBe(200);
    const attributes = {
      roles: ['developer'],
      teams: ['search', 'ml'],
      projects: ['p1'],
      namespaces: ['n1'],
      scopes: ['infer', 'usage:read'],
    };
    expect(answer.json()).toEqual({
      principal: 'alice',
      attributes,
      access_attributes: attributes,
      message: 'The key is valid.',
    });
  });

  it('calls a key without an owner by its name, also after it was renamed', async () => {
    const { id, key } = await world.make({ name: 'first name', scopes: ['infer'] });
    expect((await asked({ api_key: key, request })).json()['principal']).toBe('first name');
    await world.gateway.admin.must('PATCH', `/keys/${id}`, { name: 'second name' });
    expect((await asked({ api_key: key, request })).json()['principal']).toBe('second name');
  });

  it('takes params as text and as lists, headers with the bearer and without, and members it does not know', async () => {
    for (const params of [{ a: 'b' }, { a: ['b'] }, {}]) {
      for (const headers of [{}, { authorization: `Bearer ${world.key}` }]) {
        expect(
          (
            await asked({
              api_key: world.key,
              request: { path: '/', headers, params },
              method: 'GET',
              client_ip: '1.2.3.4',
            })
          ).status,
        ).toBe(200);
      }
    }
    expect((await asked({ api_key: world.key })).status).toBe(200);
  });

  it('says 401 to a bad key and 403 to one that may not infer', async () => {
    expect((await asked({ api_key: 'kp_wrong', request })).status).toBe(401);
    expect((await asked({ api_key: '', request })).status).toBe(401);
    expect((await asked({ api_key: world.asker, request })).status).toBe(403);
    const bound = await world.make({ scopes: ['infer'], models: ['test-*'] });
    expect((await asked({ api_key: bound.key, request })).json()).toMatchObject({ error: { code: 'model_not_named' } });
    expect((await asked({ api_key: bound.key, request }, world.open, {}, '?model=test-model')).status).toBe(200);
  });

  it.each(['', '[]', '{', '{"api_key":1}', '{"request":{}}', '{"api_key":"a","api_key":"b"}'])(
    'refuses the body %s',
    async (body) => {
      expect((await asked(body)).status).toBe(400);
    },
  );

  it('takes no key of its own subject for that of the asker, and asks for one on an api listener', async () => {
    expect(
      (await asked({ api_key: world.key, request }, world.api, { authorization: `Bearer ${world.asker}` })).status,
    ).toBe(401);
    expect((await asked({ api_key: world.key, request }, world.api, { 'x-keyporter-asker': world.asker })).status).toBe(
      200,
    );
    const answer = await asked({ api_key: world.key, request }, world.api);
    expect([answer.status, answer.header('x-keyporter-refused')]).toEqual([401, 'asker']);
  });

  it('believes nothing that the caller of the other server wrote about his address', async () => {
    const bound = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.0/24'] });
    const forwarded = { ...request, headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect((await asked({ api_key: bound.key, request: forwarded, client_ip: '203.0.113.9' })).status).toBe(401);
  });

  it('hands a derived key no attribute that its parent has lost, and no scope as an attribute', async () => {
    const parent = await world.make({ scopes: ['infer'], attributes: { roles: ['developer', 'reviewer'] } });
    const made = await world.gateway.admin.must('POST', `/keys/${parent.id}/derive`, { name: 'child' });
    await world.gateway.admin.must('PATCH', `/keys/${parent.id}`, { attributes: { roles: ['reviewer'] } });
    const answer = await asked({ api_key: made['key'], request });
    expect(answer.json()['attributes']).toEqual({ roles: ['reviewer'], scopes: ['infer'] });
    const claiming = await world.make({ scopes: ['infer'], attributes: { scopes: ['admin'] } });
    expect((await asked({ api_key: claiming.key, request })).json()['attributes']).toEqual({ scopes: ['infer'] });
  });
});
