import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { judgeBrokenStream, requestOn, STREAMING_ROUTES, type StreamingRoute } from '../support/dialect-routes.js';
import type { Exchange } from '../support/exchange.js';
import { send, wellFormed } from '../support/hostile-row.js';
import { until, within } from '../support/patience.js';
import type { MadeKey } from '../support/admin-client.js';
import type { RawClient } from '../support/raw-client.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const LIMIT_MS = 1000;

async function streamOf(route: StreamingRoute, key: string): Promise<{ client: RawClient; exchange: Exchange }> {
  world.upstream.onRequest = () => {};
  const client = await world.gateway.connect();
  const arrived = world.upstream.next();
  client.write(requestOn(route, key));
  const exchange = await arrived;
  exchange.startStream();
  route.sendEvent(exchange, 'first-text');
  await client.see('first-text');
  return { client, exchange };
}

const ACTS: Record<string, { code: string; act: (key: MadeKey) => Promise<unknown>; nextStatus: number }> = {
  'revoking its key': {
    code: 'key_revoked',
    act: (key) => world.admin.must('POST', `/keys/${key.id}/revoke`, { reason: 'test' }),
    nextStatus: 401,
  },
  'deleting its key': {
    code: 'key_revoked',
    act: (key) => world.admin.must('DELETE', `/keys/${key.id}`),
    nextStatus: 401,
  },
  'disabling its key': {
    code: 'key_disabled',
    act: (key) => world.admin.must('POST', `/keys/${key.id}/disable`, {}),
    nextStatus: 401,
  },
  'revoking all keys of its owner': {
    code: 'key_revoked',
    act: () => world.admin.must('POST', '/keys/revoke', { owner: 'streamer' }),
    nextStatus: 401,
  },
  'revoking by the secret itself': {
    code: 'key_revoked',
    act: (key) => world.admin.must('POST', '/keys/revoke', { key: key.key }),
    nextStatus: 401,
  },
  'ending the stream': {
    code: 'stream_ended',
    act: async () => {
      const [running] = await world.admin.streams();
      await world.admin.must('DELETE', `/streams/${String(running?.['id'])}`);
    },
    nextStatus: 200,
  },
};

describe.each(STREAMING_ROUTES.map((route) => [route.name, route] as const))(
  'a running stream of %s',
  (_name, route) => {
    test.each(Object.keys(ACTS))(
      'is ended by %s within one second, with a readable last event and a broken connection',
      async (name) => {
        const { code, act, nextStatus } = ACTS[name] ?? { code: '', act: async () => {}, nextStatus: 0 };
        const key = await world.admin.createKey({ owner: 'streamer', scopes: ['infer'] });
        const { client, exchange } = await streamOf(route, key.key);
        const start = performance.now();
        await act(key);
        judgeBrokenStream(route, await client.answer(LIMIT_MS), code);
        await within(LIMIT_MS, 'the connection breaks', client.closed);
        const gone = await within(LIMIT_MS, 'the request at the model server is closed', exchange.gone);
        expect(gone - start).toBeLessThan(LIMIT_MS);
        world.upstream.forget();
        expect((await send(world, wellFormed(key.key))).status).toBe(nextStatus);
        expect(await world.admin.streams()).toEqual([]);
      },
    );
  },
);

const chat = STREAMING_ROUTES[0] as StreamingRoute;

describe('what else ends a running request', () => {
  test('its key expires: the stream ends within one second of it, the next request is 401', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 2;
    const key = await world.admin.createKey({ expires_at: expiresAt });
    const { client, exchange } = await streamOf(chat, key.key);
    const answer = await client.answer(4000);
    const late = Date.now() - expiresAt * 1000;
    judgeBrokenStream(chat, answer, 'key_expired');
    expect(late).toBeGreaterThanOrEqual(-5);
    expect(late).toBeLessThan(LIMIT_MS);
    await exchange.gone;
    world.upstream.forget();
    expect((await send(world, wellFormed(key.key))).status).toBe(401);
  });

  test('its expiry is moved nearer while it runs', async () => {
    const key = await world.admin.createKey({});
    const { client } = await streamOf(chat, key.key);
    await world.admin.must('PATCH', `/keys/${key.id}`, { expires_at: Math.floor(Date.now() / 1000) + 1 });
    judgeBrokenStream(chat, await client.answer(3000), 'key_expired');
  });

  test('its owner is disabled', async () => {
    const key = await world.admin.createKey({ owner: 'mallory' });
    const { client, exchange } = await streamOf(chat, key.key);
    await world.admin
      .must('POST', '/owners/mallory/disable', {})
      .catch(() => world.admin.must('PATCH', '/owners/mallory', { disabled: true }));
    judgeBrokenStream(chat, await client.answer(LIMIT_MS), 'key_disabled');
    await exchange.gone;
    world.upstream.forget();
    expect((await send(world, wellFormed(key.key))).status).toBe(401);
  });

  test('the parent of its key is revoked, and the answer counts what it ended', async () => {
    const parent = await world.admin.createKey({});
    const child = await world.admin.must('POST', `/keys/${parent.id}/derive`, { name: 'child' });
    const { client, exchange } = await streamOf(chat, String(child['key']));
    const answer = await world.admin.must('POST', `/keys/${parent.id}/revoke`, {});
    expect(answer['streams_ended']).toBe(1);
    judgeBrokenStream(chat, await client.answer(LIMIT_MS), 'key_revoked');
    await exchange.gone;
  });

  test('a request that has no answer yet is refused, not left hanging', async () => {
    const key = await world.admin.createKey({});
    world.upstream.onRequest = () => {};
    const client = await world.gateway.connect();
    const arrived = world.upstream.next();
    client.write(wellFormed(key.key));
    const exchange = await arrived;
    await world.admin.must('POST', `/keys/${key.id}/revoke`, {});
    const answer = await client.answer(LIMIT_MS).catch(() => null);
    if (answer !== null) expect(answer.status).toBeGreaterThanOrEqual(400);
    await within(LIMIT_MS, 'the request at the model server is closed', exchange.gone);
  });

  test('a plain answer that is half sent is broken, not finished', async () => {
    const key = await world.admin.createKey({});
    world.upstream.onRequest = () => {};
    const client = await world.gateway.connect();
    const arrived = world.upstream.next();
    client.write(wellFormed(key.key));
    const exchange = await arrived;
    exchange.raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":');
    await client.see('{"a":');
    await world.admin.must('POST', `/keys/${key.id}/revoke`, {});
    expect((await client.answer(LIMIT_MS)).complete).toBe(false);
    await exchange.gone;
  });

  test('streams of other keys run on', async () => {
    const doomed = await world.admin.createKey({});
    const other = await streamOf(chat, world.key);
    const mine = await streamOf(chat, doomed.key);
    await world.admin.must('POST', `/keys/${doomed.id}/revoke`, {});
    judgeBrokenStream(chat, await mine.client.answer(LIMIT_MS), 'key_revoked');
    chat.sendEvent(other.exchange, 'still-there');
    await other.client.see('still-there');
    chat.sendEnd(other.exchange);
    other.exchange.finish();
    expect((await other.client.answer()).complete).toBe(true);
    other.client.close();
  });

  test('what runs is listed with key, owner, model and phase while it runs, and not after', async () => {
    const key = await world.admin.createKey({ owner: 'lister' });
    const { client, exchange } = await streamOf(chat, key.key);
    const running = (await world.admin.streams()).filter((one) => one['key_id'] === key.id);
    expect(running).toHaveLength(1);
    expect(running[0]).toMatchObject({
      owner: 'lister',
      model: 'test-model',
      path: '/v1/chat/completions',
      phase: 'streaming',
    });
    chat.sendEnd(exchange);
    exchange.finish();
    expect((await client.answer()).complete).toBe(true);
    client.close();
    await until(LIMIT_MS, 'nothing is listed', async () => (await world.admin.streams()).length === 0);
  });
});
