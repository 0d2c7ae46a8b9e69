import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { BodyDecoder, framingOf, takeHead } from '../support/http-message.js';
import { wellFormed } from '../support/hostile-row.js';
import type { RawClient } from '../support/raw-client.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { repeats } from '../support/rounds.js';
import { startWorld, type World } from '../support/start-gateway.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ auth: { failures_per_minute: null } });
});
afterAll(() => world.close());

/** Pieces that make framing ambiguous when they land in the wrong place. */
const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  ',',
  ';',
  ':',
  '0',
  '1',
  'f',
  '\0',
  '\x80',
  '#',
  '//',
  '/..',
  '%2e',
  '\\',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding: ,chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Transfer_Encoding: chunked\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'content-length: 01\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, content-length\r\n',
  'Expect: 100-continue\r\n',
  'Host: other\r\n',
  'Upgrade: h2c\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  'GET /v1/models HTTP/1.1\r\n',
  ' HTTP/1.0',
  'HTTP/1.1',
] as const;

/** What is left of the connection after this much silence is taken as all there is to come. */
const SILENCE_MS = 150;

/** Every body of an answer on the connection, until it closes or falls silent. */
async function allAnswers(client: RawClient): Promise<number[]> {
  let received: Buffer = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    let cancel = systemClock.after(SILENCE_MS, resolve);
    client.socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      cancel();
      cancel = systemClock.after(SILENCE_MS, resolve);
    });
    client.socket.once('close', () => {
      cancel();
      resolve();
    });
  });
  client.close();
  const statuses: number[] = [];
  for (;;) {
    const taken = takeHead(received);
    if (taken === null) return statuses;
    const status = Number(taken.head.startLine.split(' ')[1]);
    const body = new BodyDecoder(framingOf(taken.head.headers, { kind: 'length', bytes: 0 }));
    body.push(taken.rest);
    received =
      body.done && body.rest.length > 0 ? body.rest : taken.rest.subarray(Number(framedLength(taken.head.headers)));
    if (status !== 100) statuses.push(status);
  }
}

function framedLength(headers: readonly string[]): number {
  const framing = framingOf(headers, { kind: 'length', bytes: 0 });
  return framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY;
}

test(
  'A-FR-15 whatever is done to a stream of requests: what the model server gets was asked for and allowed, byte for byte',
  { timeout: 300_000 },
  async () => {
    const seed = seedOfThisRun();
    const random = repeatableRandom(seed);
    world.upstream.onRequest = (exchange) => exchange.answer(200, { ok: true });
    let before: Buffer = Buffer.alloc(0);
    for (let round = 0; round < repeats(250, 100_000); round += 1) {
      const requests = [0, 1, 2].map((at) =>
        wellFormed(world.key, { body: `{"model":"test-model","input":"part-${round}-${at}"}`, path: '/v1/embeddings' }),
      );
      requests[1] = wellFormed('kp_nobody', {
        body: `{"model":"test-model","input":"not-allowed-${round}"}`,
        path: '/v1/embeddings',
      });
      let bytes = Buffer.from(requests.join(''), 'latin1');
      for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
        const at = random.below(bytes.length);
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(random.pick(PIECES), 'latin1'),
          bytes.subarray(at + random.below(4)),
        ]);
      }
      world.upstream.forget();
      const client = await world.gateway.connect();
      client.write(bytes);
      const statuses = await allAnswers(client);
      const told = `seed ${seed}, round ${round}: ${JSON.stringify(bytes.toString('latin1'))}`;
      const arrived = world.upstream.exchanges;
      // Garbage behind a request breaks the connection, and with it the answers under way: fewer may be seen than sent.
      expect(new Set(arrived.map(({ body }) => body.toString('latin1'))).size, told).toBe(arrived.length);
      for (const exchange of arrived) {
        // What was under way when a connection broke may arrive in the next round.
        expect(bytes.includes(exchange.body) || before.includes(exchange.body), told).toBe(true);
        expect(exchange.body.includes('not-allowed'), told).toBe(false);
        expect(exchange.target, told).toMatch(/^\/v1\/(embeddings|models)$/);
      }
      expect(
        statuses.every((status) => status < 500),
        `${told} answered ${statuses.join()}`,
      ).toBe(true);
      before = bytes;
    }
  },
);
