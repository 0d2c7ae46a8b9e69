import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { startWorld, type World } from '../support/start-gateway.js';

let world: World;
let next = 0;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
function anew(): void {
  world.upstream.forget();
  world.upstream.onRequest = (exchange) => {
    next += 1;
    exchange.answer(
      200,
      exchange.method === 'POST' ? { id: `resp_${next}`, object: 'response', status: 'completed' } : { id: 'kept' },
    );
  };
}

beforeEach(anew);

const ask = (key: string, body: object) =>
  send(world, wellFormed(key, { path: '/v1/responses', body: JSON.stringify(body) }));
const on = (key: string, method: string, id: string) =>
  send(world, wellFormed(key, { method, path: `/v1/responses/${id}`, body: '' }));

test('a stored response is found by the key that made it and by other keys of its owner, and by nobody else', async () => {
  const alice = await world.admin.createKey({ owner: 'alice' });
  const alicesPhone = await world.admin.createKey({ owner: 'alice' });
  const bob = await world.admin.createKey({ owner: 'bob' });
  const made = await ask(alice.key, { model: 'test-model', input: 'x' });
  const id = String(made.json()['id']);
  expect((await on(alice.key, 'GET', id)).status).toBe(200);
  expect((await on(alicesPhone.key, 'GET', id)).status).toBe(200);
  anew();
  const denied = await on(bob.key, 'GET', id);
  const unknown = await on(bob.key, 'GET', 'resp_never');
  expect(denied.status).toBe(404);
  expect(denied.body.equals(unknown.body)).toBe(true);
  expect((await on(bob.key, 'DELETE', id)).status).toBe(404);
  expect(world.upstream.exchanges).toHaveLength(0);
  expect((await on(alice.key, 'DELETE', id)).status).toBe(200);
  expect(world.upstream.exchanges.map(({ method, target }) => `${method} ${target}`)).toEqual([
    `DELETE /v1/responses/${id}`,
  ]);
});

test('a conversation of somebody else cannot be continued', async () => {
  const carol = await world.admin.createKey({ owner: 'carol' });
  const dave = await world.admin.createKey({});
  const made = await ask(carol.key, { model: 'test-model', input: 'x' });
  const previous = String(made.json()['id']);
  anew();
  expect((await ask(dave.key, { model: 'test-model', input: 'y', previous_response_id: previous })).status).toBe(404);
  expect(world.upstream.exchanges).toHaveLength(0);
  expect((await ask(carol.key, { model: 'test-model', input: 'y', previous_response_id: previous })).status).toBe(200);
});

test('a key that may not use the model any more does not reach its stored responses', async () => {
  const erin = await world.admin.createKey({ models: ['test-model'] });
  const id = String((await ask(erin.key, { model: 'test-model', input: 'x' })).json()['id']);
  await world.admin.must('PATCH', `/keys/${erin.id}`, { models: ['org/*'] });
  expect((await on(erin.key, 'GET', id)).status).toBe(404);
});
