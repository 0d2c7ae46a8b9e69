import { afterAll, describe, expect, test } from 'vitest';
import { wellFormed } from '../support/hostile-row.js';
import type { RawClient } from '../support/raw-client.js';
import { startWorld } from '../support/start-gateway.js';
import { until } from '../support/patience.js';

const MOST = 10;
/** As many as are taken beyond it. */
const RESERVE = 16;

const world = await startWorld({ server: { max_connections: MOST } });
afterAll(() => world.close());

const get = (path: string): Buffer | string => wellFormed(world.key, { method: 'GET', path, body: '' });

async function answered(client: RawClient, request: Buffer | string) {
  client.write(request);
  return await client.answer();
}

describe('A-RX-05 every connection that there may be is taken', () => {
  test('health is still told and work is refused at once; when the others leave, all is as before', async () => {
    const idle = await Promise.all(Array.from({ length: MOST }, () => world.gateway.connect()));
    for (const client of idle) expect((await answered(client, get('/healthz'))).status).toBe(200);

    const beyond = await world.gateway.connect();
    const health = await answered(beyond, get('/healthz'));
    expect([health.status, health.header('connection')]).toEqual([200, 'close']);

    const work = await world.gateway.connect();
    const refused = await answered(work, wellFormed(world.key));
    expect([refused.status, (refused.json()['error'] as Record<string, unknown>)['code']]).toEqual([503, 'overloaded']);
    expect([refused.header('retry-after'), refused.header('connection')]).toEqual(['1', 'close']);
    expect((await answered(idle[0] ?? beyond, wellFormed(world.key))).status).toBe(200);

    for (const client of [...idle, beyond, work]) client.close();
    await until(10_000, 'served again', async () => {
      const client = await world.gateway.connect();
      const { status } = await answered(client, wellFormed(world.key));
      client.close();
      return status === 200;
    });
  });

  test('those beyond that say nothing make room for health within seconds', async () => {
    const silent = await Promise.all(Array.from({ length: MOST + RESERVE }, () => world.gateway.connect()));
    await until(10_000, 'served again', async () => {
      const client = await world.gateway.connect().catch(() => null);
      if (client === null) return false;
      client.write(get('/healthz'));
      const status = await client.answer().then(
        (answer) => answer.status,
        () => null,
      );
      client.close();
      return status === 200;
    });
    for (const client of silent) client.close();
  });
});
