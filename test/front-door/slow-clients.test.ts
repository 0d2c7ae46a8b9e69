import { afterAll, describe, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { within } from '../support/patience.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());

const LIMIT_MS = 16_000;

describe('A-RX-01 who holds a connection and sends nothing whole is closed within 15 seconds', () => {
  test.concurrent('a silent connection', { timeout: 20_000 }, async () => {
    const client = await world.gateway.connect();
    await within(LIMIT_MS, 'the connection is closed', client.closed);
  });

  test.concurrent('a head that comes byte by byte', { timeout: 20_000 }, async () => {
    const client = await world.gateway.connect();
    const bytes = wellFormed(world.key);
    let at = 0;
    const drip = setInterval(() => client.write(bytes.charAt(at++)), 500);
    try {
      await within(LIMIT_MS, 'the connection is closed', client.closed);
    } finally {
      clearInterval(drip);
    }
  });

  test.concurrent('a second head that never ends, behind a good request', { timeout: 20_000 }, async () => {
    const client = await world.gateway.connect();
    client.write(`${wellFormed(world.key)}POST /v1/chat/compl`);
    expect((await client.answer()).status).toBe(200);
    await within(LIMIT_MS, 'the connection is closed', client.closed);
  });
});

describe('many half requests', () => {
  test('A-RX-02 500 unfinished heads of 15 KB cost less than 150 MB and hold nobody back', async () => {
    const before = process.memoryUsage().rss;
    const clients = await Promise.all(Array.from({ length: 500 }, () => world.gateway.connect()));
    for (const client of clients)
      client.write(`GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Pad: ${'a'.repeat(15_000)}`);
    const start = performance.now();
    expect((await send(world, wellFormed(world.key))).status).toBe(200);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    for (const client of clients) client.reset();
  });
});
