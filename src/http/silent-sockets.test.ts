import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { handClock } from '../../test/support/hand-clock.js';
import { watchSilentSockets } from './silent-sockets.js';

/** Longer than any connection may stay silent. */
const LONG_MS = 60_000;
const HEAD = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n';

describe('a connection that was opened', () => {
  let server: Server;
  let check: () => void;
  const clock = handClock(0);
  const clients: Socket[] = [];

  beforeEach(async () => {
    server = createServer();
    watchSilentSockets(server, {
      ...clock,
      monotonic: () => clock.monotonicMs,
      every: (_ms, run) => {
        check = run;
        return () => undefined;
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    server.closeAllConnections();
    server.close();
  });

  async function open(): Promise<{ client: Socket; accepted: Socket }> {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
    clients.push(client);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    return { client, accepted };
  }

  test('and stayed silent is broken', async () => {
    const { accepted } = await open();
    clock.pass(LONG_MS);
    check();
    expect(accepted.destroyed).toBe(true);
  });

  test.each([
    ['request', `${HEAD}\r\n`],
    ['checkContinue', `${HEAD}Content-Length: 1\r\nExpect: 100-continue\r\n\r\n`],
    ['checkExpectation', `${HEAD}Content-Length: 1\r\nExpect: more\r\n\r\n`],
    ['upgrade', `${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
  ])('and brought a head that Node tells of as "%s" lives on', async (event, head) => {
    const arrived = once(server, event);
    const { client, accepted } = await open();
    client.write(head);
    await arrived;
    clock.pass(LONG_MS);
    check();
    expect(accepted.destroyed).toBe(false);
    accepted.destroy();
  });
});
