import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { judgeBrokenStream, requestOn, STREAMING_ROUTES, type StreamingRoute } from '../support/dialect-routes.js';
import { wellFormed } from '../support/hostile-row.js';
import { within } from '../support/patience.js';
import { RawClient, type RawAnswer } from '../support/raw-client.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { repeats } from '../support/rounds.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { modelsOn } from '../support/start-gateway.js';

const upstream = await RecordingUpstream.start({ record: false });
afterAll(() => upstream.close());
afterEach(() => upstream.forget());

const chat = STREAMING_ROUTES[0] as StreamingRoute;

async function ask(gateway: SpawnedGateway, bytes: string): Promise<RawAnswer> {
  const client = await RawClient.open(gateway.url);
  client.write(bytes);
  const answer = await client.answer();
  client.close();
  return answer;
}

async function withHome(config: Record<string, unknown>, run: (home: GatewayHome) => Promise<void>): Promise<void> {
  const home = await GatewayHome.make({ models: modelsOn(upstream.url), ...config });
  try {
    await run(home);
  } finally {
    await home.remove();
  }
}

async function streamThrough(gateway: SpawnedGateway, key: string) {
  upstream.onRequest = () => {};
  const client = await RawClient.open(gateway.url);
  const arrived = upstream.next();
  client.write(requestOn(chat, key));
  const exchange = await arrived;
  exchange.startStream();
  chat.sendEvent(exchange, 'first-text');
  await client.see('first-text');
  return { client, exchange };
}

describe('SIGTERM drains', () => {
  test('a stream that ends in time ends normally, then the process ends with 0', () =>
    withHome({}, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const { client, exchange } = await streamThrough(gateway, key);
      const ended = gateway.end('SIGTERM');
      chat.sendEvent(exchange, 'second-text');
      await client.see('second-text');
      chat.sendEnd(exchange);
      exchange.finish();
      expect((await client.answer()).complete).toBe(true);
      expect(await within(5000, 'the process ends', ended)).toEqual({ code: 0, signal: null });
    }));

  test('a stream that does not is told why at the drain limit, and the process ends with 0', () =>
    withHome({ server: { drain_seconds: 1 } }, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const { client, exchange } = await streamThrough(gateway, key);
      const ended = gateway.end('SIGTERM');
      judgeBrokenStream(chat, await client.answer(3000), 'server_shutting_down');
      await exchange.gone;
      expect(await within(3000, 'the process ends', ended)).toEqual({ code: 0, signal: null });
    }));

  test('a second SIGTERM ends it now', () =>
    withHome({}, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const { client, exchange } = await streamThrough(gateway, key);
      void gateway.end('SIGTERM');
      await within(5000, 'the first signal is taken', refusesNewConnections(gateway));
      const ended = gateway.end('SIGTERM');
      const answer = await client.answer(2000);
      expect(answer.complete).toBe(false);
      expect(answer.text()).not.toContain(chat.endMark);
      await exchange.gone;
      await within(2000, 'the process ends', ended);
    }));

  test('idle keep-alive connections are closed at once', () =>
    withHome({}, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const idle = await RawClient.open(gateway.url);
      idle.write(wellFormed(key, { method: 'GET', path: '/v1/models', body: '' }));
      expect((await idle.answer()).status).toBe(200);
      const ended = gateway.end('SIGTERM');
      await within(1000, 'the idle connection is closed', idle.closed);
      expect((await within(3000, 'the process ends', ended)).code).toBe(0);
    }));
});

describe('what was acknowledged survives SIGKILL', () => {
  test('a key made is there, a key revoked, disabled or rotated is not what it was', { timeout: 600_000 }, () =>
    withHome({}, async (home) => {
      const rounds = repeats(4, 100);
      for (let round = 0; round < rounds; round += 1) {
        const first = await home.start();
        const made = await first.admin.createKey({ name: 'made' });
        const disabled = await first.admin.createKey({ name: 'disabled' });
        const rotated = await first.admin.createKey({ name: 'rotated' });
        const revoked = await first.admin.createKey({ name: 'revoked' });
        await first.admin.must('POST', `/keys/${disabled.id}/disable`, {});
        const fresh = await first.admin.must('POST', `/keys/${rotated.id}/rotate`, { overlap_seconds: 0 });
        await first.admin.must('POST', `/keys/${revoked.id}/revoke`, {});
        await first.end('SIGKILL');
        const second = await home.start();
        const status = async (key: string): Promise<number> =>
          (await ask(second, wellFormed(key, { method: 'GET', path: '/v1/models', body: '' }))).status;
        const after = [
          await status(made.key),
          await status(String(fresh['key'])),
          await status(rotated.key),
          await status(disabled.key),
          await status(revoked.key),
        ];
        expect(after, `round ${round}: made, rotated, its old secret, disabled, revoked`).toEqual([
          200, 200, 401, 401, 401,
        ]);
        expect((await second.admin.must('GET', '/audit/verify'))['intact']).toBe(true);
        await second.end('SIGKILL');
      }
    }),
  );

  test('the streams of a killed gateway end broken, never as if complete', () =>
    withHome({}, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const { client, exchange } = await streamThrough(gateway, key);
      await gateway.end('SIGKILL');
      expect((await client.answer(2000)).complete).toBe(false);
      await within(1000, 'the model server sees the end', exchange.gone);
    }));
});

/** Resolves when the gateway takes no new connection, or says that it is not ready. */
async function refusesNewConnections(gateway: SpawnedGateway): Promise<void> {
  for (;;) {
    const client = await RawClient.open(gateway.url).catch(() => null);
    if (client === null) return;
    client.write('GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    const answer = await client.answer(1000).catch(() => null);
    client.close();
    if (answer === null || answer.status === 503) return;
  }
}

describe('SIGSTOP and SIGCONT', () => {
  test('a stream that went on meanwhile is not taken for a silent one', async () => {
    const models = Object.entries(modelsOn(upstream.url)).map(([name, model]) => [
      name,
      { ...(model as object), timeouts: { idle_seconds: 2 } },
    ]);
    await withHome({ models: Object.fromEntries(models) as Record<string, unknown> }, async (home) => {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const { client, exchange } = await streamThrough(gateway, key);
      gateway.child.kill('SIGSTOP');
      await eventsFor(3000, () => chat.sendEvent(exchange, 'meanwhile'));
      gateway.child.kill('SIGCONT');
      await client.see('meanwhile');
      chat.sendEvent(exchange, 'last-text');
      chat.sendEnd(exchange);
      exchange.finish();
      expect((await client.answer()).complete).toBe(true);
    });
  });
});

/** Sends ten events a second for so long. */
function eventsFor(durationMs: number, send: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = durationMs / 100;
    const timer = setInterval(() => {
      send();
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      resolve();
    }, 100);
  });
}
