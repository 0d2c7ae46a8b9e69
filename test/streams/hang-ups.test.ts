import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { requestOn, STREAMING_ROUTES } from '../support/dialect-routes.js';
import type { Exchange } from '../support/exchange.js';
import { headBytes } from '../support/exchange.js';
import { headOnly, send, wellFormed } from '../support/hostile-row.js';
import { chatChunk } from '../support/model-answers.js';
import { until, within } from '../support/patience.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import type { RawClient } from '../support/raw-client.js';
import { repeats } from '../support/rounds.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

/** What the model server has done when the caller leaves. */
const PHASES: Record<
  string,
  { streamed: boolean; reach: (exchange: Exchange, client: RawClient) => Promise<void> | void }
> = {
  'before the head of a stream': { streamed: true, reach: () => {} },
  'before the head of a plain answer': { streamed: false, reach: () => {} },
  'behind the head of a stream': {
    streamed: true,
    reach: async (exchange, client) => {
      exchange.startStream();
      await client.see('\r\n\r\n');
    },
  },
  'in the middle of a stream': {
    streamed: true,
    reach: async (exchange, client) => {
      exchange.startStream();
      for (const text of ['one', 'two', 'three']) exchange.event(chatChunk(text));
      await client.see('three');
    },
  },
  'in the middle of a plain answer': {
    streamed: false,
    reach: async (exchange, client) => {
      exchange.raw(headBytes(200, ['content-type', 'application/json', 'content-length', '1000']));
      exchange.raw('{"choices":[');
      await client.see('choices');
    },
  },
};

const ENDS: Record<string, (client: RawClient) => void> = {
  FIN: (client) => client.close(),
  RST: (client) => client.reset(),
};

async function running(streamed: boolean): Promise<{ client: RawClient; exchange: Exchange }> {
  world.upstream.onRequest = () => {};
  const client = await world.gateway.connect();
  const route = STREAMING_ROUTES[0];
  if (route === undefined) throw new Error('no route');
  const user = randomUUID();
  const arrived = world.upstream.next((exchange) => exchange.json()['user'] === user);
  client.write(requestOn({ path: route.path, body: { ...route.body, stream: streamed, user } }, world.key));
  return { client, exchange: await arrived };
}

const nothingRuns = () => until(2000, 'no request runs', async () => (await world.admin.streams()).length === 0);

describe('X-CL-01..04 a caller who leaves ends the work of the model server', () => {
  const cases = Object.keys(PHASES).flatMap((phase) => Object.keys(ENDS).map((end): [string, string] => [phase, end]));
  test.each(cases)('%s, by %s: the request there is closed within 100 ms', async (phase, end) => {
    const { client, exchange } = await running(PHASES[phase]?.streamed === true);
    await PHASES[phase]?.reach(exchange, client);
    const left = performance.now();
    ENDS[end]?.(client);
    const gone = await within(1000, 'the model server sees the end', exchange.gone);
    expect(gone - left).toBeLessThan(100);
    await nothingRuns();
    expect(world.upstream.open).toBe(0);
  });

  test('while uploading: no request ever begins', async () => {
    const client = await world.gateway.connect();
    client.write(headOnly(world.key, 'Content-Length: 5000') + '{"model":');
    await until(2000, 'the upload is seen', async () => client.socket.bytesWritten > 0);
    client.reset();
    expect((await send(world, wellFormed(world.key))).status).toBe(200);
    await nothingRuns();
    expect(world.upstream.exchanges.length).toBe(1);
  });

  test('a pipelined second request of a caller who left is not begun', async () => {
    world.upstream.onRequest = () => {};
    const client = await world.gateway.connect();
    const arrived = world.upstream.next();
    client.write(wellFormed(world.key) + wellFormed(world.key));
    const exchange = await arrived;
    client.reset();
    await within(1000, 'the first request is closed', exchange.gone);
    await nothingRuns();
    expect(world.upstream.exchanges.length).toBe(1);
  });

  test('a caller who has got a whole answer and leaves closes nothing and breaks nothing', async () => {
    expect((await send(world, wellFormed(world.key))).complete).toBe(true);
    await nothingRuns();
    expect(world.upstream.open).toBe(0);
  });
});

describe('many callers who leave at random', () => {
  test(
    '1,000 random hang-ups: p99 of the close is 100 ms, nothing runs on, counters and descriptors are back',
    { timeout: 300_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      const phases = Object.values(PHASES);
      const took: number[] = [];
      const one = async (): Promise<void> => {
        const phase = random.pick(phases);
        const end = random.pick(Object.values(ENDS));
        const { client, exchange } = await running(phase.streamed);
        await phase.reach(exchange, client);
        for (let turn = random.below(4); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
        const left = performance.now();
        end(client);
        took.push((await within(2000, `seed ${seed}: the model server sees the end`, exchange.gone)) - left);
      };
      for (let at = 0; at < 5; at += 1) await Promise.all(Array.from({ length: 10 }, one));
      await nothingRuns();
      const before = await descriptors();
      took.length = 0;
      for (let left = repeats(1000, 10_000); left > 0; left -= 5) await Promise.all(Array.from({ length: 5 }, one));
      took.sort((a, b) => a - b);
      expect(took[Math.floor(took.length * 0.99)], `seed ${seed}`).toBeLessThan(100);
      await nothingRuns();
      expect(world.upstream.open, `seed ${seed}: requests left at the model server`).toBe(0);
      expect((await world.admin.must('GET', '/status'))['running']).toBe(0);
      await until(
        5000,
        `seed ${seed}: descriptors are back at ${before}`,
        async () => (await descriptors()) <= before + 20,
      );
    },
  );
});

/** Open descriptors of this process, in which gateway, caller and model server run. */
async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length;
}
