import { once } from 'node:events';
import { WebSocket } from 'undici';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, UPSTREAM_KEY } from '../support/start-gateway.js';
import { until, within } from '../support/patience.js';
import { ask } from './ask.js';
import { frame, RealtimeClient, RealtimeServer, type ServerSide } from './web-socket.js';

const server = await RealtimeServer.start();
const replicas = [{ url: server.url, api_key: UPSTREAM_KEY }];
const world = await startWorld({
  models: {
    voice: { replicas },
    renamed: { replicas, upstream_model: 'Vendor/Voice' },
    secret: { replicas, restricted: true },
  },
});
afterAll(async () => {
  await world.close();
  await server.close();
});
beforeEach(() => {
  server.refuse = null;
});

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
async function open(
  target = '/v1/realtime?model=voice',
  headers = bearer(world.key),
): Promise<{ client: RealtimeClient; head: string; side: ServerSide }> {
  const coming = server.next();
  const { client, head } = await RealtimeClient.handshake(world.gateway.url, target, headers);
  return { client, head, side: await coming };
}
const refusedWith = async (target: string, headers: Record<string, string>): Promise<number> => {
  const { client, head } = await RealtimeClient.handshake(world.gateway.url, target, headers);
  await client.closed();
  return Number(head.split(' ')[1]);
};
const running = async (): Promise<number> => (await world.admin.streams()).length;

/** 60 MB: no chain of socket buffers holds as much. */
const MOST_PIECES = 1000;
/** Time in which the gateway surely had its turn many times. */
async function roundTrips(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await running();
}

const usage = (input: number, output: number): Record<string, unknown> => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
});
const done = (input: number, output: number): Buffer =>
  frame(1, JSON.stringify({ type: 'response.done', response: { id: 'r', usage: usage(input, output) } }));

describe('what a realtime session uses', () => {
  test('is the sum of its responses, whichever pieces their messages come in', async () => {
    const { id, key } = await world.admin.createKey({ scopes: ['infer'] });
    const { client, side } = await open('/v1/realtime?model=voice', bearer(key));
    const messages = Buffer.concat([
      frame(1, JSON.stringify({ type: 'response.text.delta', delta: 'Hello' })),
      done(10, 4),
      frame(1, JSON.stringify({ type: 'response.done', response: { usage: usage(7, 3) } }).slice(0, 30), {
        fin: false,
      }),
      frame(0, JSON.stringify({ type: 'response.done', response: { usage: usage(7, 3) } }).slice(30)),
    ]);
    for (let at = 0; at < messages.length; at += 11) side.socket.write(messages.subarray(at, at + 11));
    side.socket.write(frame(8, Buffer.from([3, 232])));
    side.socket.end();
    await client.closed();
    await until(5000, 'the session is settled', async () => (await running()) === 0);
    const { data } = await world.admin.must('GET', `/usage?by=key&key_id=${id}`);
    expect(data).toMatchObject([{ requests: 1, input_tokens: 17, output_tokens: 7 }]);
  });

  test('ends with an event that says so when a budget is used up', async () => {
    const { key } = await world.admin.createKey({ scopes: ['infer'], limits: { output_tokens_per_day: 5 } });
    const { client, side } = await open('/v1/realtime?model=voice', bearer(key));
    side.socket.write(done(10, 4));
    side.socket.write(done(10, 4));
    const said: string[] = [];
    for (let next = await client.frame(); next !== null; next = await client.frame()) said.push(next.body.toString());
    expect(said.join('\n')).toContain('"code":"insufficient_quota"');
  });
});

describe('GET /v1/realtime', () => {
  test('a real WebSocket client speaks through it both ways, with its key as a sub-protocol that goes no further', async () => {
    const coming = server.next();
    const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/v1/realtime?model=renamed&intent=x`, [
      'realtime',
      `openai-insecure-api-key.${world.key}`,
    ]);
    const { request, socket: far } = await coming;
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    expect(socket.protocol).toBe('realtime');
    expect(request.url).toBe('/v1/realtime?model=Vendor%2FVoice&intent=x');
    expect(request.headers['authorization']).toBe(`Bearer ${UPSTREAM_KEY}`);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(world.key);
    const said = new Promise<unknown>((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
    far.write(frame(1, '{"type":"session.created"}'));
    expect(await said).toBe('{"type":"session.created"}');
    const heard = once(far, 'data');
    socket.send('hello');
    const [bytes] = (await heard) as [Buffer];
    expect([bytes[0], (bytes[1] ?? 0) & 0x80]).toEqual([0x81, 0x80]);
    const ended = new Promise((resolve) => socket.addEventListener('close', resolve));
    far.write(frame(8, Buffer.from([3, 232])));
    far.end();
    await ended;
    expect(await running()).toBe(0);
  });

  test('what is refused is refused before anything is switched', async () => {
    const other = (await world.admin.createKey({ scopes: ['infer:chat'] })).key;
    const before = server.sides.length;
    expect(await refusedWith('/v1/realtime?model=voice', {})).toBe(401);
    expect(await refusedWith('/v1/realtime?model=voice', bearer('kp_bad'))).toBe(401);
    expect(await refusedWith('/v1/realtime?model=voice', bearer(other))).toBe(403);
    expect(await refusedWith('/v1/realtime?model=secret', bearer(world.key))).toBe(404);
    expect(await refusedWith('/v1/realtime?model=nobody', bearer(world.key))).toBe(404);
    expect(await refusedWith('/v1/realtime?model=voice&model=secret', bearer(world.key))).toBe(400);
    expect(await refusedWith('/v1/realtime', bearer(world.key))).toBe(400);
    for (const odd of [{ 'sec-websocket-version': '8' }, { 'sec-websocket-key': '' }, { 'sec-websocket-key': 'short' }])
      expect(await refusedWith('/v1/realtime?model=voice', { ...bearer(world.key), ...odd })).toBe(400);
    expect(await refusedWith('/v1/models', bearer(world.key))).toBe(400);
    expect(await refusedWith('/v1/nothing', bearer(world.key))).toBe(404);
    expect(await refusedWith('/v1/realtime?model=voice', { ...bearer(world.key), upgrade: 'h2c' })).toBe(400);
    const twoKeys = {
      'sec-websocket-protocol': `openai-insecure-api-key.${world.key}, openai-insecure-api-key.${other}`,
    };
    expect(await refusedWith('/v1/realtime?model=voice', twoKeys)).toBe(400);
    expect((await ask(world, 'GET /v1/realtime?model=voice')).status).toBe(400);
    expect(server.sides.length).toBe(before);
  });

  test('a server that does not switch is an error of the server, in words', async () => {
    server.refuse = 404;
    expect(await refusedWith('/v1/realtime?model=voice', bearer(world.key))).toBe(502);
  });

  test('revoking the key ends the connection within a second, with an event and a close frame', async () => {
    const made = await world.admin.createKey({ scopes: ['infer:realtime'] });
    const { client, side } = await open('/v1/realtime?model=voice', bearer(made.key));
    side.socket.write(frame(1, 'x'.repeat(70_000)));
    expect((await client.frame())?.body.length).toBe(70_000);
    const gone = once(side.socket, 'close');
    const since = performance.now();
    await world.admin.must('POST', `/keys/${made.id}/revoke`, {});
    const event = await client.frame();
    const close = await client.frame();
    expect(JSON.parse(event?.body.toString() ?? '')).toMatchObject({ type: 'error', error: { code: 'key_revoked' } });
    expect([close?.opcode, close?.body.readUInt16BE(0)]).toEqual([8, 1008]);
    await client.closed();
    await gone;
    expect(performance.now() - since).toBeLessThan(1000);
  });

  test('nothing of ours falls into the middle of a frame', async () => {
    const made = await world.admin.createKey({ scopes: ['infer:realtime'] });
    const { client, side } = await open('/v1/realtime?model=voice', bearer(made.key));
    side.socket.write(frame(1, 'whole'));
    expect((await client.frame())?.body.toString()).toBe('whole');
    side.socket.write(frame(1, 'broken off').subarray(0, 6));
    const half = once(client.socket, 'data');
    await half;
    await world.admin.must('POST', `/keys/${made.id}/revoke`, {});
    expect(await client.frame()).toBeNull();
  });

  test('inside a message of several frames only the close frame is said', async () => {
    const made = await world.admin.createKey({ scopes: ['infer:realtime'] });
    const { client, side } = await open('/v1/realtime?model=voice', bearer(made.key));
    side.socket.write(frame(1, 'first', { fin: false }));
    expect((await client.frame())?.body.toString()).toBe('first');
    await world.admin.must('POST', `/keys/${made.id}/revoke`, {});
    expect((await client.frame())?.opcode).toBe(8);
  });

  test('a server that dies is told from one that says goodbye', async () => {
    const { client, side } = await open();
    side.socket.destroy();
    expect(JSON.parse((await client.frame())?.body.toString() ?? '')).toMatchObject({
      error: { code: 'upstream_interrupted' },
    });
    expect((await client.frame())?.body.readUInt16BE(0)).toBe(1011);
    const second = await open();
    second.side.socket.write(frame(8, Buffer.from([3, 232])));
    second.side.socket.end();
    expect((await second.client.frame())?.opcode).toBe(8);
    expect(await second.client.frame()).toBeNull();
  });

  test('a client that hangs up closes the connection to the server, and nothing runs any more', async () => {
    for (const how of ['destroy', 'end'] as const) {
      const { client, side } = await open();
      const gone = once(side.socket, 'close');
      client.socket[how]();
      await within(2000, `the server to be left (${how})`, gone);
      expect(await running()).toBe(0);
    }
  });

  test('a reader who takes nothing holds the server back', async () => {
    const { client, side } = await open();
    client.socket.pause();
    const piece = frame(2, Buffer.alloc(60_000));
    let sent = 0;
    let held = false;
    while (!held && sent < MOST_PIECES) {
      sent += 1;
      if (side.socket.write(piece)) continue;
      const drained = once(side.socket, 'drain').then(() => true);
      held = !(await Promise.race([drained, roundTrips(20).then(() => false)]));
    }
    expect(held).toBe(true);
    const drained = once(side.socket, 'drain');
    client.socket.resume();
    await within(5000, 'the server to go on', drained);
    client.socket.destroy();
  });

  test('explain judges the model of the query and of a form', async () => {
    const { id } = await world.admin.createKey({ scopes: ['infer'] });
    const explained = async (method: string, path: string, model?: string): Promise<unknown> =>
      (
        await world.admin.must('POST', '/explain', {
          key_id: id,
          method,
          path,
          ...(model === undefined ? {} : { model }),
        })
      )['code'];
    expect(await explained('GET', '/v1/realtime?model=secret')).toBe('model_not_found');
    expect(await explained('GET', '/v1/realtime?model=voice')).toBeNull();
    expect(await explained('POST', '/v1/audio/transcriptions', 'secret')).toBe('model_not_found');
  });

  test('closing the gateway ends open connections with words', async () => {
    const other = await startWorld({ models: { voice: { replicas } } });
    const coming = server.next();
    const { client } = await RealtimeClient.handshake(other.gateway.url, '/v1/realtime?model=voice', bearer(other.key));
    const { socket } = await coming;
    socket.write(frame(1, 'x'));
    await client.frame();
    const closing = other.close();
    expect(JSON.parse((await client.frame())?.body.toString() ?? '')).toMatchObject({
      error: { code: 'server_shutting_down' },
    });
    expect((await client.frame())?.body.readUInt16BE(0)).toBe(1012);
    client.socket.destroy();
    await within(5000, 'the gateway to close', closing);
  });

  test('each connection is a row of the request log, with its bytes', async () => {
    const { client, side, head } = await open();
    side.socket.write(frame(1, 'hello'));
    await client.frame();
    const gone = once(side.socket, 'close');
    client.socket.destroy();
    await gone;
    const id = /x-request-id: (req_\w+)/.exec(head)?.[1];
    const { data } = (await world.admin.must('GET', '/requests?limit=20')) as { data: Record<string, unknown>[] };
    expect(data.find((row) => row['id'] === id)).toMatchObject({ status: 101, model: 'voice', path: '/v1/realtime' });
  });
});
