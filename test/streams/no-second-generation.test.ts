import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { headBytes } from '../support/exchange.js';
import { send, wellFormed } from '../support/hostile-row.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { repeats } from '../support/rounds.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const numbered = (at: number): string =>
  wellFormed(world.key, { body: `{"model":"test-model","messages":[],"user":"n${at}"}` });
const numberOf = (exchange: Exchange): string => String(exchange.json()['user']);

describe('a POST that may have begun is never sent a second time', () => {
  test(
    'whatever way the model server dies, each request arrives there at most once',
    { timeout: 600_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      const deaths: ((exchange: Exchange) => void)[] = [
        (exchange) => exchange.hangUp(),
        (exchange) => exchange.reset(),
        (exchange) => (
          exchange.raw(headBytes(200, ['content-type', 'application/json', 'content-length', '50'])),
          exchange.reset()
        ),
        (exchange) => (exchange.raw('HTTP/1.1 5'), exchange.hangUp()),
        (exchange) => exchange.answer(503, { error: { message: 'loading' } }),
        (exchange) => exchange.answer(200, { ok: true }),
      ];
      world.upstream.onRequest = (exchange) => random.pick(deaths)(exchange);
      const count = repeats(200, 5000);
      for (let at = 0; at < count; at += 1) await send(world, numbered(at));
      const arrived = world.upstream.exchanges.map(numberOf);
      expect(new Set(arrived).size, `seed ${seed}: a request arrived twice`).toBe(arrived.length);
    },
  );
});

describe('X-UP-06 idle connections that the model server closes', () => {
  const answerThen = (end: (exchange: Exchange) => void) => (exchange: Exchange) => {
    exchange.answer(200, { ok: true });
    end(exchange);
  };

  test('closed with FIN after every answer: every request is answered, none twice', { timeout: 600_000 }, async () => {
    world.upstream.onRequest = answerThen((exchange) => exchange.hangUp());
    const client = await world.gateway.connect();
    const count = repeats(300, 10_000);
    for (let at = 0; at < count; at += 1) {
      client.write(numbered(at));
      const answer = await client.answer();
      expect(answer.status, `request ${at}: ${answer.text()}`).toBe(200);
    }
    client.close();
    expect(new Set(world.upstream.exchanges.map(numberOf)).size).toBe(count);
    expect(world.upstream.exchanges.length).toBe(count);
  });

  test(
    'closed with FIN at the moment the next request comes: nothing is generated twice',
    { timeout: 600_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      world.upstream.onRequest = (exchange) => {
        exchange.answer(200, { ok: true });
        let turns = random.below(6);
        const later = (): void => {
          turns -= 1;
          if (turns > 0) setImmediate(later);
          else exchange.hangUp();
        };
        later();
      };
      const count = repeats(300, 10_000);
      const client = await world.gateway.connect();
      for (let at = 0; at < count; at += 1) {
        client.write(numbered(at));
        expect([200, 502]).toContain((await client.answer()).status);
      }
      client.close();
      const arrived = world.upstream.exchanges.map(numberOf);
      expect(new Set(arrived).size, `seed ${seed}`).toBe(arrived.length);
    },
  );

  test(
    'closed with RST when idle: at most one request in a hundred fails, none is generated twice',
    { timeout: 600_000 },
    async () => {
      world.upstream.onRequest = answerThen((exchange) => setImmediate(() => exchange.reset()));
      const count = repeats(300, 10_000);
      let failed = 0;
      for (let at = 0; at < count; at += 1) if ((await send(world, numbered(at))).status !== 200) failed += 1;
      const arrived = world.upstream.exchanges.map(numberOf);
      expect(new Set(arrived).size).toBe(arrived.length);
      expect(failed).toBeLessThanOrEqual(count / 100);
    },
  );
});
