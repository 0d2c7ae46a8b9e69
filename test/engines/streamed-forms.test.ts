import type { Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { deferred, until, within } from '../support/patience.js';

const upstream = await RecordingUpstream.start({ models: [] });
const replicas = [{ url: upstream.url }];
const world: World = await startWorld({
  models: { whisper: { replicas }, renamed: { replicas, upstream_model: 'other-name' } },
});
afterAll(async () => {
  await world.close();
  await upstream.close();
});
afterEach(() => upstream.forget());

const field = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n';
const END = '\r\n--b--\r\n';

async function begin(length: number | null, key = world.key) {
  const client = await world.gateway.connect();
  const framing = length === null ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  client.write(
    `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: multipart/form-data; boundary=b\r\n${framing}\r\n\r\n`,
  );
  return client;
}
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
/** Resolves when the model server has received this. */
const arrived = (text: string): Promise<void> =>
  until(5000, 'the server to have it', async () => (await world.admin.streams(), upstream.everything().includes(text)));

describe('a form whose model comes before its file', () => {
  test('is passed on while it still comes, and arrives byte for byte with its length', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { text: 'hello' });
    const parts = [field('model', 'whisper') + FILE + 'first half', 'second half' + END];
    const client = await begin(parts.join('').length);
    client.write(parts[0] ?? '');
    await arrived('first half');
    expect(upstream.exchanges).toEqual([]);
    client.write(parts[1] ?? '');
    const answer = await client.answer();
    expect([answer.status, answer.text()]).toEqual([200, '{"text":"hello"}']);
    expect(upstream.exchanges[0]?.body.toString()).toBe(parts.join(''));
    expect(upstream.exchanges[0]?.header('content-length')).toBe(String(parts.join('').length));
    client.close();
  });

  test('in chunks too, and under the name the server has for the model', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, {});
    const client = await begin(null);
    client.write(chunk(field('model', 'renamed') + FILE + 'first half'));
    await arrived('first half');
    client.write(`${chunk(END)}0\r\n\r\n`);
    expect((await client.answer()).status).toBe(200);
    expect(upstream.exchanges[0]?.body.toString()).toBe(field('model', 'other-name') + FILE + 'first half' + END);
    const named = field('model', 'renamed') + FILE + 'x' + END;
    const second = await begin(named.length);
    second.write(named.slice(0, -5));
    await arrived('\r\n\r\nx');
    second.write(named.slice(-5));
    expect((await second.answer()).status).toBe(200);
    expect(upstream.exchanges[1]?.body.toString()).toBe(field('model', 'other-name') + FILE + 'x' + END);
    client.close();
    second.close();
  });

  test.each([
    ['a second model', `\r\n${field('model', 'renamed')}--b--\r\n`],
    ['bytes behind its end', `${END}more`],
    ['too many copies', `\r\n${field('n', '900')}--b--\r\n`],
    ['no last boundary', '\r\n'],
  ])(
    'is broken off before its end when it has %s behind the file: no server takes it for whole',
    async (_what, end) => {
      const client = await begin(null);
      client.write(chunk(field('model', 'whisper') + FILE + 'first half'));
      await arrived('first half');
      client.write(`${chunk(end)}0\r\n\r\n`);
      const answer = await client.answer();
      expect(answer.status).toBe(400);
      expect(upstream.exchanges).toEqual([]);
      await upstream.idle();
      client.close();
    },
  );

  test('an answer that comes before the file is whole is the answer, and the connection lives on', async () => {
    const met = deferred();
    upstream.onHead = (_head, socket) => {
      socket.write('HTTP/1.1 413 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      met.resolve();
    };
    const rest = 'x'.repeat(50_000);
    const parts = field('model', 'whisper') + FILE;
    const client = await begin(parts.length + rest.length + END.length);
    client.write(parts);
    await met.promise;
    expect((await client.answer()).status).toBe(413);
    client.write(rest + END);
    upstream.onHead = () => {};
    client.write(`GET /v1/models HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${world.key}\r\n\r\n`);
    expect((await client.answer()).status).toBe(200);
    client.close();
  });

  test('a client that hangs up in the middle closes the request at the server', async () => {
    const client = await begin(1_000_000);
    client.write(field('model', 'whisper') + FILE + 'first half');
    await arrived('first half');
    client.close();
    await within(2000, 'the server to be left', upstream.idle());
    await until(2000, 'nothing to run', async () => (await world.admin.streams()).length === 0);
  });

  test('revoking the key in the middle ends it within a second', async () => {
    const made = await world.admin.createKey({ scopes: ['infer:audio'] });
    const client = await begin(1_000_000, made.key);
    client.write(field('model', 'whisper') + FILE + 'first half');
    await arrived('first half');
    const since = performance.now();
    await world.admin.must('POST', `/keys/${made.id}/revoke`, {});
    expect((await client.answer()).status).toBe(401);
    await upstream.idle();
    expect(performance.now() - since).toBeLessThan(1000);
    client.close();
  });

  test('a server that takes nothing holds the client back', async () => {
    const busy: Socket[] = [];
    upstream.onHead = (_head, socket) => busy.push(socket.pause());
    const client = await begin(30_000_000);
    client.write(field('model', 'whisper') + FILE);
    const piece = Buffer.alloc(100_000, 'x');
    let sent = 0;
    let held = false;
    while (!held && sent < 290) {
      sent += 1;
      if (client.write(piece)) continue;
      const drained = new Promise<boolean>((resolve) => client.socket.once('drain', () => resolve(true)));
      held = !(await Promise.race([drained, roundTrips().then(() => false)]));
    }
    expect(held).toBe(true);
    client.close();
    for (const socket of busy) socket.resume();
    await within(
      2000,
      'the server to be left',
      until(2000, 'nothing to run', async () => (await world.admin.streams()).length === 0),
    );
  });
});

/** Time in which the gateway surely had its turn many times. */
async function roundTrips(): Promise<void> {
  for (let done = 0; done < 20; done += 1) await world.admin.streams();
}
