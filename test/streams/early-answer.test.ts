import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { createTransport, type Transport } from '../../src/upstream/transport.js';

/** More than the buffers of a connection hold, so that a part of it waits in ours. */
const LARGE = Buffer.alloc(32 * 1024 * 1024);

/** Answers as soon as a request begins, and reads no more of it. */
const answers = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const sockets: Socket[] = [];
const server = createServer((socket) => {
  sockets.push(socket);
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.pause();
    socket.write(answers);
  });
});
let transport: Transport;
let origin: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  transport = createTransport(systemClock);
});
afterAll(async () => {
  await transport.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

function status(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    transport.send(
      { origin, path: '/', method: 'POST', headers: [], body, connectMs: 5000, caFile: null },
      {
        started() {},
        head: (given) => {
          seen = given;
          return true;
        },
        data: () => true,
        end: () => resolve(seen),
        fail: reject,
      },
    );
  });
}

test('a request never waits behind the rest of a body that its server answered without reading', async () => {
  expect(await status(LARGE)).toBe(200);
  expect(await status(Buffer.from('{}'))).toBe(200);
  expect(sockets).toHaveLength(2);
});
