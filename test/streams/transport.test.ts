import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { missedBy } from '../../src/upstream/failures.js';
import { createTransport, type OutgoingRequest, type Transport } from '../../src/upstream/transport.js';
import { makeCertificate } from '../replicas/certificate.js';
import { deferred, until, within } from '../support/patience.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let server: Server;
let sockets: Socket[];
let transport: Transport;
/** What is done with each piece a connection brings. */
let onData: (socket: Socket, text: string) => void;

beforeEach(async () => {
  sockets = [];
  onData = (socket) => void socket.write(ANSWER);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => onData(socket, data.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  transport = createTransport(systemClock);
});
afterEach(async () => {
  await transport.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

interface Sent {
  /** The whole body, or what went wrong. */
  answer: Promise<string>;
  /** The first byte was about to be written. */
  started(): boolean;
  abort(): void;
}

function send(more: Partial<OutgoingRequest> = {}): Sent {
  const { promise, resolve, reject } = deferred<string>();
  let body = '';
  let hasStarted = false;
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const request = {
    origin,
    path: '/',
    method: 'POST',
    headers: [],
    body: Buffer.from('{}'),
    connectMs: 5000,
    caFile: null,
  };
  const abort = transport.send(
    { ...request, ...more },
    {
      started: () => (hasStarted = true),
      head: () => true,
      data(chunk) {
        body += chunk.toString('latin1');
        return true;
      },
      end: () => resolve(body),
      fail: reject,
    },
  );
  return { answer: promise, started: () => hasStarted, abort };
}

test('head and body travel in one write, and one connection serves one request after the other', async () => {
  const pieces: string[] = [];
  onData = (socket, text) => {
    pieces.push(text);
    socket.write(ANSWER);
  };
  for (let round = 0; round < 3; round += 1) expect(await send({ headers: ['x-a', 'b'] }).answer).toBe('ok');
  const { host } = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const whole = `POST / HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}`;
  expect(pieces).toEqual([whole, whole, whole]);
  expect(sockets).toHaveLength(1);
});

test('requests at one time have a connection each', async () => {
  const answers = await Promise.all([send(), send(), send()].map(({ answer }) => answer));
  expect(answers).toEqual(['ok', 'ok', 'ok']);
  expect(sockets).toHaveLength(3);
});

test.each([
  ['says that it closes', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  [
    'keeps idle connections for no longer than a second',
    `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\n${ANSWER.slice(17)}`,
  ],
  ['sends more than its answer', `${ANSWER}${ANSWER}`],
])('the connection of a server that %s is not used again', async (_, text) => {
  onData = (socket) => void socket.write(text);
  expect(await send().answer).toBe('ok');
  expect(await send().answer).toBe('ok');
  expect(sockets).toHaveLength(2);
});

test('a connection is not used again when it has been idle for as long as the server has shown to bear', async () => {
  let nowMs = 1000;
  await transport.close();
  transport = createTransport({ ...systemClock, monotonic: () => nowMs });
  expect(await send().answer).toBe('ok');
  nowMs += 1000;
  const closed = new Promise((resolve) => sockets[0]?.once('close', resolve));
  sockets[0]?.end();
  await within(5000, 'the idle connection is closed', closed);
  for (const [idleMs, connections] of [
    [0, 2],
    [400, 2],
    [501, 3],
    [60_000, 4],
    [3000, 4],
  ] as const) {
    nowMs += idleMs;
    expect([idleMs, await send().answer, sockets.length]).toEqual([idleMs, 'ok', connections]);
  }
});

test('a server that says something between two requests is not listened to', async () => {
  expect(await send().answer).toBe('ok');
  const [first] = sockets;
  if (first === undefined) throw new Error('nothing was connected');
  const closed = new Promise((resolve) => first.once('close', resolve));
  first.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
  await within(5000, 'the connection is closed', closed);
  expect(await send().answer).toBe('ok');
});

test('a request that is broken off closes its connection, wherever it is', async () => {
  const early = send();
  early.abort();
  await expect(early.answer).rejects.toMatchObject({ code: 'ABORTED' });
  expect(early.started()).toBe(false);
  onData = () => {};
  const late = send();
  await until(5000, 'it is sent', async () => late.started() && sockets.length > 0);
  const [socket] = sockets;
  const closed = new Promise((resolve) => socket?.once('close', resolve));
  late.abort();
  await expect(late.answer).rejects.toMatchObject({ code: 'ABORTED' });
  await within(5000, 'the server sees the end', closed);
});

test.each([
  ['fewer', ['abc']],
  ['more', ['abc', 'def', 'ghi']],
])('a body of %s bytes than announced ends nowhere as a whole request', async (_, pieces) => {
  onData = () => {};
  async function* rest(): AsyncGenerator<Buffer> {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const { answer } = send({ rest: { bytes: 8, pieces: rest } });
  await expect(answer).rejects.toMatchObject({ code: 'UNSENDABLE_REQUEST' });
});

test('what no head may hold is not sent, and is no fault of the server', async () => {
  const injected = send({ headers: ['x-a', 'b\r\nx-admin: yes'] });
  const error: Error = await injected.answer.then(
    () => new Error('it was sent'),
    (failed: Error) => failed,
  );
  expect(missedBy(error)).toBe('here');
  expect(injected.started()).toBe(false);
  await expect(send({ path: '/a b' }).answer).rejects.toMatchObject({ code: 'UNSENDABLE_REQUEST' });
});

test('certificates that cannot be used fail the request and nothing else', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kp-ca-'));
  const caFile = join(dir, 'ca.pem');
  await writeFile(caFile, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(send({ origin, caFile }).answer).rejects.toThrow();
  await expect(send({ origin, caFile: join(dir, 'missing.pem') }).answer).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await send().answer).toBe('ok');
  await rm(dir, { recursive: true });
});

test('over TLS a server is believed when its certificate is vouched for, and only under its name', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kp-ca-'));
  const caFile = join(dir, 'ca.pem');
  const { cert, key } = makeCertificate('localhost', 1);
  await writeFile(caFile, cert);
  const secure = createTlsServer({ cert, key }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => void socket.write(ANSWER));
  });
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const { port } = secure.address() as AddressInfo;
  for (let round = 0; round < 2; round += 1)
    expect(await send({ origin: `https://localhost:${port}`, caFile }).answer).toBe('ok');
  await expect(send({ origin: `https://localhost:${port}` }).answer).rejects.toThrow(/certificate/);
  const otherName = send({ origin: `https://127.0.0.1:${port}`, caFile });
  await expect(otherName.answer).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(otherName.started()).toBe(false);
  await transport.close();
  await new Promise((resolve) => secure.close(resolve));
  await rm(dir, { recursive: true });
});

test('closing breaks what runs and refuses what comes', async () => {
  onData = () => {};
  const running = send();
  await until(5000, 'it is sent', async () => running.started() && sockets.length > 0);
  const broken = expect(running.answer).rejects.toThrow();
  await within(5000, 'all is closed', transport.close());
  await broken;
  await expect(send().answer).rejects.toMatchObject({ code: 'ABORTED' });
});
