import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_SCOPES } from '../../src/access/scope.js';
import { startTestGateway, startWorld, type World } from '../support/start-gateway.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function statusOf(headers: Record<string, string>, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(`${world.gateway.url}/metrics`, { headers, ...init });
  await answer.arrayBuffer();
  return answer.status;
}

describe('who may read the metrics', () => {
  test.each(KNOWN_SCOPES)('a key with the scope %s', async (scope) => {
    const { key } = await world.admin.createKey({ scopes: [scope] });
    const expected = scope === 'metrics:read' || scope === 'admin' ? 200 : 403;
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(expected);
  });

  test('nobody without a key, with a wrong one, or with one that was revoked', async () => {
    const { id, key } = await world.admin.createKey({ scopes: ['metrics:read'] });
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: `Bearer ${key.slice(0, -1)}` })).toBe(401);
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(200);
    await world.admin.must('POST', `/keys/${id}/revoke`, {});
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(401);
  });

  test('no key that is bound to an owner: the numbers are of all', async () => {
    const { key } = await world.admin.createKey({ scopes: ['metrics:read'], owner: 'alice' });
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(403);
  });

  test('HEAD as GET, and nothing else', async () => {
    const { key } = await world.admin.createKey({ scopes: ['metrics:read'] });
    const headers = { authorization: `Bearer ${key}` };
    expect(await statusOf(headers, { method: 'HEAD' })).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE']) expect(await statusOf(headers, { method })).toBe(405);
  });
});

describe('where they are', () => {
  test.each([
    [['api'], 404],
    [['admin'], 404],
    [['metrics'], 200],
    [['api', 'metrics'], 200],
  ])('serve: %j', async (serve, expected) => {
    const gateway = await startTestGateway({ listen: undefined, listeners: [{ listen: '127.0.0.1:0', serve }] });
    try {
      const { key } = await gateway.admin.createKey({ scopes: ['metrics:read'] });
      const answer = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
      expect(answer.status).toBe(expected);
      const models = await fetch(`${gateway.url}/v1/models`);
      expect(models.status).toBe(serve.includes('api') ? 401 : 404);
    } finally {
      await gateway.close();
    }
  });
});
