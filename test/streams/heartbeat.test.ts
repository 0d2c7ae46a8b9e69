import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { chatChunk } from '../support/model-answers.js';
import { until } from '../support/patience.js';
import type { RawClient } from '../support/raw-client.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startTestGateway, type TestGateway } from '../support/start-gateway.js';
import { rejection } from '../support/upstream-refusals.js';

const KEEPALIVE = ': keepalive\n\n';
const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
const CHAT = '/v1/chat/completions';

interface Silent {
  gateway: TestGateway;
  upstream: RecordingUpstream;
  key: string;
  keyId: string;
  /** Sends a request for a stream of model `m`. */
  ask(path?: string, body?: Record<string, unknown>): Promise<RawClient>;
  /** Rows of the request log, newest first. */
  rows(): Promise<Record<string, unknown>[]>;
}

/** A model `m` that says nothing until a test lets it, behind a gateway that keeps streams open after one second. */
async function startSilent(model: Record<string, unknown> = {}, queue: Record<string, unknown> = {}): Promise<Silent> {
  const upstream = await RecordingUpstream.start({ models: ['m'] });
  upstream.onRequest = () => {};
  const replicas = [{ url: upstream.url }];
  const gateway = await startTestGateway({
    models: { m: { replicas, queue: { heartbeat_after_seconds: 1, ...queue }, ...model } },
  });
  onTestFinished(async () => {
    await gateway.close();
    await upstream.close();
  });
  const { id: keyId, key } = await gateway.admin.createKey({ scopes: ['infer'] });
  return {
    gateway,
    upstream,
    key,
    keyId,
    async ask(path = CHAT, body = {}) {
      const messages = [{ role: 'user', content: 'Hi' }];
      const json = JSON.stringify({ model: 'm', max_tokens: 16, stream: true, messages, ...body });
      const client = await gateway.connect();
      onTestFinished(() => client.close());
      client.write(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n` +
          `content-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
      );
      return client;
    },
    rows: async () => ((await gateway.admin.must('GET', '/requests')) as { data: Record<string, unknown>[] }).data,
  };
}

function finishStream(exchange: Exchange): void {
  exchange.event(chatChunk('Hello'));
  exchange.event('[DONE]');
  exchange.finish();
}

/** What the error event behind the heartbeats says. */
function errorIn(text: string): { code: string; message: string } {
  const data = text.slice(text.lastIndexOf('data: ') + 6).trim();
  const said = JSON.parse(data) as { error?: { code: string; message: string }; code: string; message: string };
  return said.error ?? said;
}

async function untilQueued({ gateway }: Silent): Promise<void> {
  const isQueued = async (): Promise<boolean> =>
    (await gateway.admin.streams()).some(({ phase }) => phase === 'queued');
  await until(5000, 'it waits for room', isQueued);
}

/** Occupies the one place there is. */
async function occupy(world: Silent): Promise<Exchange> {
  await world.ask(CHAT, { stream: false });
  return world.upstream.next();
}

describe('a stream that hears nothing', () => {
  it('while it waits for room is opened with status 200 and a comment, and goes on when it has room', async () => {
    const world = await startSilent({ max_in_flight: 1 });
    const running = await occupy(world);
    const client = await world.ask();
    await client.see(KEEPALIVE);
    await untilQueued(world);
    running.answer(200, { id: 'x' });
    const exchange = await world.upstream.next();
    exchange.startStream(['x-of-the-engine', 'lost']);
    finishStream(exchange);
    const answer = await client.answer();
    expect([answer.status, answer.complete, answer.header('content-type'), answer.header('x-accel-buffering')]).toEqual(
      [200, true, 'text/event-stream', 'no'],
    );
    expect(answer.header('cache-control')).toBe('no-cache, no-transform');
    expect(answer.header('x-request-id')).toMatch(/^req_/);
    const chunk = `data: ${JSON.stringify(chatChunk('Hello'))}\n\n`;
    expect(answer.text().replaceAll(KEEPALIVE, '')).toBe(`${chunk}data: [DONE]\n\n`);
  });

  it('while its model reads the prompt gets a comment, which is neither its first byte nor counted', async () => {
    const world = await startSilent();
    const client = await world.ask();
    const exchange = await world.upstream.next();
    await client.see(KEEPALIVE);
    expect(await world.gateway.admin.streams()).toMatchObject([{ phase: 'waiting', bytes_out: 0 }]);
    exchange.startStream();
    finishStream(exchange);
    const answer = await client.answer();
    const [row] = await world.rows();
    const counted = answer.text().replaceAll(KEEPALIVE, '').length;
    expect(row).toMatchObject({ status: 200, code: null, bytes_out: counted });
    expect(Number(row?.['first_byte_ms'])).toBeGreaterThanOrEqual(950);
  });

  it('in the middle of an answer gets its comment between two events, never inside one', async () => {
    const world = await startSilent();
    const client = await world.ask();
    const exchange = await world.upstream.next();
    exchange.startStream();
    exchange.event(chatChunk('a'));
    exchange.chunk('data: {"half":');
    await client.see(KEEPALIVE);
    exchange.chunk('true}\n\ndata: [DONE]\n\n');
    exchange.finish();
    const answer = await client.answer();
    const events = answer.text().split(/(?<=\n\n)/);
    expect(events).toContain(KEEPALIVE);
    expect(events.filter((event) => event !== KEEPALIVE)).toEqual([
      `data: ${JSON.stringify(chatChunk('a'))}\n\n`,
      'data: {"half":true}\n\n',
      'data: [DONE]\n\n',
    ]);
    expect(answer.complete).toBe(true);
  });

  it('of the messages API gets the event "ping"', async () => {
    const world = await startSilent();
    const client = await world.ask('/v1/messages');
    await client.see(PING);
    expect(client.unread).not.toContain(KEEPALIVE);
  });

  it('that was switched off, an answer in one piece and a stream of lines hear nothing', async () => {
    const quiet = await startSilent({}, { heartbeat_after_seconds: null });
    const world = await startSilent();
    const silent = [
      await quiet.ask(),
      await world.ask(CHAT, { stream: false }),
      await world.ask('/api/chat', {}),
      await world.ask('/v1/embeddings', { input: 'Hi' }),
    ];
    for (let at = 0; at < 3; at += 1) await world.upstream.next();
    // What begins later hears of it first.
    const heard = await world.ask();
    await heard.see(KEEPALIVE);
    expect(silent.map(({ unread }) => unread)).toEqual(['', '', '', '']);
  });
});

describe('what fails after a heartbeat comes as the last event, in front of a broken connection', () => {
  it('a wait that is too long', async () => {
    const world = await startSilent({ max_in_flight: 1 }, { max_wait_seconds: 4 });
    await occupy(world);
    const answer = await (await world.ask()).answer();
    expect([answer.status, answer.complete, errorIn(answer.text()).code]).toEqual([200, false, 'queue_full']);
    expect(answer.text()).toMatch(/^: keepalive\n\n/);
    expect(answer.text()).not.toContain('[DONE]');
    await until(5000, 'it is written down', async () => (await world.rows()).length > 0);
    expect(await world.rows()).toMatchObject([{ status: 200, code: 'queue_full' }]);
  });

  it.each([
    [
      'an error of the model server',
      500,
      { error: { message: 'out of memory', type: 'server_error' } },
      'out of memory',
    ],
    ['a refusal by the model server', 400, { message: 'context is too long' }, 'context is too long'],
    ['an error without a sentence', 404, [], 'The model server answered with status 404.'],
    [
      'an answer in one piece',
      200,
      { id: 'x', choices: [] },
      'The model server answered without a stream. Send the request without "stream".',
    ],
  ])('%s', async (_, status, body, sentence) => {
    const world = await startSilent();
    const client = await world.ask();
    const exchange = await world.upstream.next();
    await client.see(KEEPALIVE);
    exchange.answer(status, body);
    const answer = await client.answer();
    expect([answer.status, answer.complete]).toEqual([200, false]);
    expect(errorIn(answer.text())).toMatchObject({ code: 'upstream_error', message: sentence });
    expect(answer.text()).not.toContain('[DONE]');
  });

  it.each([
    ['/v1/chat/completions', { type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' }],
    ['/v1/responses', { param: 'messages', code: 'context_length_exceeded' }],
    ['/v1/messages', { type: 'invalid_request_error' }],
    ['/completion', { type: 'invalid_request_error', code: 'context_length_exceeded' }],
  ])('%s: a refusal by the model server keeps the code that programs go by', async (path, told) => {
    const world = await startSilent();
    const client = await world.ask(path);
    const exchange = await world.upstream.next();
    await client.see(path === '/v1/messages' ? 'event: ping' : KEEPALIVE);
    const error = { message: 'too long', type: 'invalid_request_error', param: 'messages' };
    exchange.answer(400, { error: { ...error, code: 'context_length_exceeded' } });
    const answer = await client.answer();
    expect([answer.status, answer.complete]).toEqual([200, false]);
    expect(errorIn(answer.text())).toMatchObject({ ...told, message: 'too long' });
  });

  it('a model server that breaks off', async () => {
    const world = await startSilent();
    const client = await world.ask();
    const exchange = await world.upstream.next();
    await client.see(KEEPALIVE);
    exchange.reset();
    const answer = await client.answer();
    expect([answer.complete, errorIn(answer.text()).code]).toEqual([false, 'upstream_error']);
  });

  it.each([
    ['waits for room', { max_in_flight: 1 }],
    ['waits for its model', {}],
  ])('the end of its key, while it %s', async (_, model) => {
    const world = await startSilent(model);
    if ('max_in_flight' in model) await occupy(world);
    const client = await world.ask();
    await client.see(KEEPALIVE);
    await world.gateway.admin.must('POST', `/keys/${world.keyId}/revoke`, {});
    const answer = await client.answer();
    expect([answer.status, answer.complete, errorIn(answer.text()).code]).toEqual([200, false, 'key_revoked']);
  });
});

describe('a client that hangs up between two heartbeats', () => {
  it('is noticed at once, in the line and at the model server', async () => {
    const world = await startSilent({ max_in_flight: 1 });
    const served = await world.ask();
    const exchange = await world.upstream.next();
    const waiting = await world.ask();
    await Promise.all([served.see(KEEPALIVE), waiting.see(KEEPALIVE)]);
    waiting.reset();
    const running = async (): Promise<number> => (await world.gateway.admin.streams()).length;
    await until(5000, 'the line is empty', async () => (await running()) === 1);
    served.reset();
    await exchange.gone;
    await until(5000, 'nothing runs', async () => (await running()) === 0);
  });
});

describe('the usual packages read over heartbeats and raise what comes after them', () => {
  const messages = [{ role: 'user' as const, content: 'Hi' }];

  it('openai', async () => {
    const world = await startSilent();
    const client = new OpenAI({ apiKey: world.key, baseURL: `${world.gateway.url}/v1`, maxRetries: 0 });
    const opened = client.chat.completions.create({ model: 'm', messages, stream: true });
    const exchange = await world.upstream.next();
    // It has the head of the answer only from the heartbeat.
    const stream = await opened;
    exchange.startStream();
    finishStream(exchange);
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello');
    const failing = client.chat.completions.create({ model: 'm', messages, stream: true });
    const failed = await world.upstream.next();
    const broken = await failing;
    failed.answer(500, { error: { message: 'out of memory' } });
    const error = await rejection(
      (async () => {
        for await (const _ of broken);
      })(),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_error' });
  });

  it('@anthropic-ai/sdk', async () => {
    const world = await startSilent();
    const client = new Anthropic({ apiKey: world.key, baseURL: world.gateway.url, maxRetries: 0 });
    const ask = { model: 'm', max_tokens: 16, messages, stream: true as const };
    const opened = client.messages.create(ask);
    const exchange = await world.upstream.next();
    const stream = await opened;
    exchange.startStream();
    exchange.event(
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
      'content_block_delta',
    );
    exchange.event({ type: 'message_stop' }, 'message_stop');
    exchange.finish();
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types).toEqual(['content_block_delta', 'message_stop']);
    const failing = client.messages.create(ask);
    const failed = await world.upstream.next();
    const broken = await failing;
    failed.answer(500, { error: { message: 'out of memory' } });
    const error = await rejection(
      (async () => {
        for await (const _ of broken);
      })(),
    );
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(String(error)).toContain('out of memory');
  });
});
