import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { judgeBrokenStream, requestOn, STREAMING_ROUTES } from '../support/dialect-routes.js';
import { headBytes, type Exchange } from '../support/exchange.js';
import { send, wellFormed } from '../support/hostile-row.js';
import { modelsOn, startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const DEATHS_BEFORE_THE_HEAD: Record<string, (exchange: Exchange) => void> = {
  'closes with FIN': (exchange) => exchange.hangUp(),
  'closes with RST': (exchange) => exchange.reset(),
  'sends half a head and closes': (exchange) => {
    exchange.raw('HTTP/1.1 200 OK\r\nContent-Type: text/event-str');
    exchange.hangUp();
  },
  'sends garbage': (exchange) => exchange.raw('\x16\x03\x01\x02\x00garbage\r\n\r\n'),
  'sends an early hint and closes': (exchange) => {
    exchange.raw('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    exchange.hangUp();
  },
};

const DEATHS_IN_A_STREAM: Record<string, { chunked: boolean; die: (exchange: Exchange) => void }> = {
  'closes with FIN inside a chunked answer': { chunked: true, die: (exchange) => exchange.hangUp() },
  'closes with FIN inside a chunk': {
    chunked: true,
    die: (exchange) => {
      exchange.raw('ff\r\ndata: {"half":');
      exchange.hangUp();
    },
  },
  'closes with RST': { chunked: true, die: (exchange) => exchange.reset() },
  'ends an answer without length by closing': { chunked: false, die: (exchange) => exchange.hangUp() },
  'sends garbage for a chunk size': { chunked: true, die: (exchange) => exchange.raw('zz\r\n') },
  'ends its chunks without the end mark of the contract': { chunked: true, die: (exchange) => exchange.finish() },
};

const streamHead = (chunked: boolean): string =>
  headBytes(200, [
    'content-type',
    'text/event-stream',
    ...(chunked ? ['transfer-encoding', 'chunked'] : ['connection', 'close']),
  ]);

describe.each(STREAMING_ROUTES.map((route) => [route.name, route] as const))(
  '%s: an answer cut by a dying model server never looks complete',
  (_name, route) => {
    test.each(Object.keys(DEATHS_BEFORE_THE_HEAD))(
      'X-UP-01, X-UP-03 it %s before its head: 502, asked once',
      async (death) => {
        world.upstream.onRequest = (exchange) => DEATHS_BEFORE_THE_HEAD[death]?.(exchange);
        const answer = await send(world, requestOn(route, world.key));
        expect([answer.status, answer.complete]).toEqual([502, true]);
        expect(answer.json()).toHaveProperty('error.message');
        expect(world.upstream.exchanges.length, 'a POST that may have begun was sent again').toBe(1);
      },
    );

    test.each(Object.keys(DEATHS_IN_A_STREAM))(
      'X-UP-04 it %s: readable last event, no end mark, broken connection',
      async (death) => {
        const { chunked, die } = DEATHS_IN_A_STREAM[death] ?? { chunked: true, die: () => {} };
        world.upstream.onRequest = () => {};
        const client = await world.gateway.connect();
        client.write(requestOn(route, world.key));
        const exchange = await world.upstream.next();
        exchange.raw(streamHead(chunked));
        const sendEvent = chunked
          ? route.sendEvent
          : (to: Exchange, text: string) => void to.raw(`data: {"text":"${text}"}\n\n`);
        sendEvent(exchange, 'first-text');
        await client.see('first-text');
        die(exchange);
        const answer = await client.answer(2000);
        client.close();
        expect(answer.text()).toContain('first-text');
        expect(answer.text()).not.toContain('"half"');
        judgeBrokenStream(route, answer, 'upstream_interrupted');
        expect(world.upstream.exchanges.length).toBe(1);
      },
    );
  },
);

describe('a plain JSON answer cut by a dying model server never looks complete', () => {
  const head = (...framing: string[]): string => headBytes(200, ['content-type', 'application/json', ...framing]);
  const cuts: [string, (exchange: Exchange) => void][] = [
    [
      'FIN before its length is reached',
      (exchange) => (exchange.raw(`${head('content-length', '500')}{"choices":[`), exchange.hangUp()),
    ],
    [
      'RST before its length is reached',
      (exchange) => (exchange.raw(`${head('content-length', '500')}{"choices":[`), exchange.reset()),
    ],
    [
      'FIN inside its chunks',
      (exchange) => (exchange.raw(`${head('transfer-encoding', 'chunked')}c\r\n{"choices":[\r\n`), exchange.hangUp()),
    ],
    [
      'garbage for a chunk size',
      (exchange) => exchange.raw(`${head('transfer-encoding', 'chunked')}c\r\n{"choices":[\r\n!!\r\n`),
    ],
    [
      'FIN where only closing would end it',
      (exchange) => (exchange.raw(`${head('connection', 'close')}{"choices":[`), exchange.hangUp()),
    ],
    [
      'nothing at all where only closing would end it',
      (exchange) => (exchange.raw(head('connection', 'close')), exchange.hangUp()),
    ],
  ];
  test.each(cuts)('%s', async (_name, cut) => {
    world.upstream.onRequest = cut;
    const answer = await send(world, wellFormed(world.key));
    expect(answer.status === 502 || !answer.complete, `${answer.status} ${answer.text()}`).toBe(true);
    expect(world.upstream.exchanges.length).toBe(1);
  });

  test.each(Object.keys(DEATHS_BEFORE_THE_HEAD))('it %s before its head: 502, asked once', async (death) => {
    world.upstream.onRequest = (exchange) => DEATHS_BEFORE_THE_HEAD[death]?.(exchange);
    const answer = await send(world, wellFormed(world.key));
    expect([answer.status, (answer.json()['error'] as Record<string, unknown>)['code']]).toEqual([
      502,
      'upstream_error',
    ]);
    expect(world.upstream.exchanges.length).toBe(1);
  });
});

describe('X-UP-05 a model server that hangs', () => {
  const replicas = [{ url: world.upstream.url }];
  const hasty = startWorld({
    models: {
      ...modelsOn(world.upstream.url),
      'slow-start': { replicas, timeouts: { first_byte_seconds: 1 } },
      'slow-middle': { replicas, timeouts: { idle_seconds: 1 } },
      'slow-whole': { replicas, timeouts: { total_seconds: 1 } },
    },
  });
  afterAll(async () => (await hasty).close());

  test('before the first byte of a stream: 504 at the time configured, and the request there is closed', async () => {
    const { gateway, key } = await hasty;
    world.upstream.onRequest = () => {};
    const client = await gateway.connect();
    const start = performance.now();
    client.write(wellFormed(key, { body: '{"model":"slow-start","stream":true,"messages":[]}' }));
    const exchange = await world.upstream.next();
    const answer = await client.answer(5000);
    client.close();
    expect([answer.status, (answer.json()['error'] as Record<string, unknown>)['code']]).toEqual([
      504,
      'upstream_timeout',
    ]);
    // Clients would ask for it again by themselves.
    expect(answer.header('x-should-retry')).toBe('false');
    expect(performance.now() - start).toBeLessThan(2500);
    await exchange.gone;
  });

  test('in the middle of a stream: a last event says so, the connection breaks, the request there is closed', async () => {
    const [route] = STREAMING_ROUTES;
    if (route === undefined) throw new Error('no route');
    const { gateway, key } = await hasty;
    world.upstream.onRequest = () => {};
    const client = await gateway.connect();
    client.write(requestOn({ path: route.path, body: { ...route.body, model: 'slow-middle' } }, key));
    const exchange = await world.upstream.next();
    exchange.startStream();
    route.sendEvent(exchange, 'first-text');
    judgeBrokenStream(route, await client.answer(5000), 'upstream_timeout');
    client.close();
    await exchange.gone;
  });

  test('a plain answer is bounded by the total time: 504', async () => {
    const { gateway, key } = await hasty;
    world.upstream.onRequest = () => {};
    const client = await gateway.connect();
    client.write(wellFormed(key, { body: '{"model":"slow-whole","messages":[]}' }));
    const exchange = await world.upstream.next();
    expect((await client.answer(5000)).status).toBe(504);
    client.close();
    await exchange.gone;
  });
});

describe('X-UP-02 a model server that is not there', () => {
  test('a refused connection is 502 or 503 at once, with a code and no address', async () => {
    const { RecordingUpstream } = await import('../support/recording-upstream.js');
    const gone = await RecordingUpstream.start();
    const url = gone.url;
    await gone.close();
    const lost = await startWorld({ models: { 'test-model': { replicas: [{ url }] } } });
    const answer = await send(lost, wellFormed(lost.key));
    await lost.close();
    expect([502, 503]).toContain(answer.status);
    expect(['upstream_error', 'no_available_replica']).toContain(
      (answer.json()['error'] as Record<string, unknown>)['code'],
    );
    expect(answer.text()).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
  });
});
