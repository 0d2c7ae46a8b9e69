import { afterAll, expect, test } from 'vitest';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld(
  {
    limits: { requests_per_day: 1, models: { renamed: { requests_per_day: 2 } } },
    owners: { configured: { requests_per_day: 1 }, lifted: { requests_per_day: 1 } },
  },
  { record: false },
);
afterAll(() => world.close());

/** Status of one small request. */
async function ask(key: string, model = 'test-model'): Promise<number> {
  const response = await fetch(`${world.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  return response.status;
}

function keyOf(
  owner: string | null,
  limits: object = { requests_per_day: null },
): Promise<{ id: string; key: string }> {
  return world.admin.createKey({ scopes: ['infer'], owner, limits });
}

test('a key without a value of its own has that of the configuration, and null lifts it', async () => {
  const [usual, free] = [await keyOf(null, {}), await keyOf(null)];
  expect([await ask(usual.key), await ask(usual.key)]).toEqual([200, 429]);
  expect([await ask(free.key), await ask(free.key), await ask(free.key)]).toEqual([200, 200, 200]);
});

test('a limit that is changed holds from the next request on, and counts what was used before', async () => {
  const { id, key } = await keyOf(null, { requests_per_day: 2 });
  const set = (limits: object): Promise<unknown> => world.admin.must('PATCH', `/keys/${id}`, { limits });
  expect([await ask(key), await ask(key), await ask(key)]).toEqual([200, 200, 429]);
  await set({ requests_per_day: 3 });
  expect([await ask(key), await ask(key)]).toEqual([200, 429]);
  await set({ requests_per_day: null });
  expect(await ask(key)).toBe(200);
  await set({ requests_per_day: 1 });
  expect(await ask(key)).toBe(429);
});

test('the limit of an owner is one for all keys, set while they are used', async () => {
  const [first, second] = [await keyOf('shared'), await keyOf('shared')];
  expect(await ask(first.key)).toBe(200);
  await world.admin.must('PATCH', '/owners/shared', { limits: { requests_per_day: 2 } });
  expect([await ask(second.key), await ask(first.key), await ask(second.key)]).toEqual([200, 429, 429]);
  await world.admin.must('PATCH', '/owners/shared', { limits: {} });
  expect(await ask(second.key)).toBe(200);
});

test('what is set for an owner comes before the configuration, null too', async () => {
  const configured = await keyOf('configured');
  expect([await ask(configured.key), await ask(configured.key)]).toEqual([200, 429]);
  await world.admin.must('PATCH', '/owners/lifted', { limits: { requests_per_day: null } });
  const lifted = await keyOf('lifted');
  expect([await ask(lifted.key), await ask(lifted.key)]).toEqual([200, 200]);
});

test('what a derived key uses counts for its parent, whatever it says of itself', async () => {
  const parent = await keyOf(null, { requests_per_day: 2 });
  const made = await world.admin.must('POST', `/keys/${parent.id}/derive`, {
    name: 'child',
    limits: { requests_per_day: 2 },
  });
  const child = String(made['key']);
  expect([await ask(child), await ask(parent.key)]).toEqual([200, 200]);
  expect([await ask(child), await ask(parent.key)]).toEqual([429, 429]);
});

test('the limit of a model is one for all its callers, and none for other models', async () => {
  const [first, second] = [await keyOf(null), await keyOf(null)];
  expect([await ask(first.key, 'renamed'), await ask(second.key, 'renamed')]).toEqual([200, 200]);
  expect([await ask(first.key, 'renamed'), await ask(second.key, 'renamed')]).toEqual([429, 429]);
  expect(await ask(first.key)).toBe(200);
});
