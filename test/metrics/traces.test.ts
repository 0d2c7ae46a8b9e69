import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog, type Log } from '../../src/core/log.js';
import { frame, RealtimeClient, RealtimeServer } from '../engines/web-socket.js';
import { chatChunk, answerAsModel } from '../support/model-answers.js';
import { until } from '../support/patience.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startTestGateway, startWorld, type TestGateway } from '../support/start-gateway.js';
import { readMetrics, valueOf } from './prometheus-text.js';
import { chat } from './scrape.js';
import { TraceReceiver, type ReceivedSpan } from './trace-receiver.js';

const SERVER = 2;
const CLIENT = 3;
const PROMPT = 'canary-prompt-4711';
const CALLER_SPAN = 'b7ad6b7169203331';

let receiver: TraceReceiver;
let upstreams: RecordingUpstream[];
let gateway: TestGateway;
let key: string;
let keyId: string;
/** The request ids of all that was asked, in order. */
const asked = new Map<string, string>();

interface Asked {
  headers?: Record<string, string>;
  body?: Record<string, unknown>;
  withKey?: string;
}

/** Sends a chat under a name of its own; answers the headers that the model server got for it. */
async function ask(name: string, { headers = {}, body = {}, withKey = key }: Asked = {}): Promise<string[][]> {
  const answer = await fetch(`${gateway.url}/v1/chat/completions?secret=canary-query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${withKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', user: name, messages: [{ role: 'user', content: PROMPT }], ...body }),
  });
  asked.set(name, answer.headers.get('x-request-id') ?? '');
  await answer.text().catch(() => undefined);
  const seen = upstreams.flatMap(({ exchanges }) => exchanges.filter((one) => one.json()['user'] === name));
  return seen.map((one) => ['traceparent', 'tracestate'].map((header) => one.header(header) ?? ''));
}

function spansOf(name: string): { server: ReceivedSpan; clients: ReceivedSpan[] } {
  const servers = receiver.spans.filter(
    ({ kind, attributes }) => kind === SERVER && attributes['keyporter.request.id'] === asked.get(name),
  );
  expect(servers).toHaveLength(1);
  const [server] = servers;
  if (server === undefined) throw new Error('no span of the gateway');
  const clients = receiver.trace(server.traceId).filter(({ kind }) => kind === CLIENT);
  expect(receiver.trace(server.traceId)).toHaveLength(1 + clients.length);
  for (const client of clients) {
    expect(client.parentSpanId).toBe(server.spanId);
    expect(client.startMs).toBeGreaterThanOrEqual(server.startMs);
    expect(client.endMs).toBeLessThanOrEqual(server.endMs);
  }
  return { server, clients: clients.sort((a, b) => a.startMs - b.startMs) };
}

const traceId = (digit: string): string => digit.repeat(32);
const parent = (digit: string, flags = '01'): string => `00-${traceId(digit)}-${CALLER_SPAN}-${flags}`;

const told: Record<string, string[][]> = {};

beforeAll(async () => {
  receiver = await TraceReceiver.start();
  upstreams = [await RecordingUpstream.start({ models: ['m'] }), await RecordingUpstream.start({ models: ['m'] })];
  let declined = false;
  for (const upstream of upstreams)
    upstream.onRequest = (exchange) => {
      const { user } = exchange.json();
      if (user === 'retried' && !declined) {
        declined = true;
        return exchange.answer(503, { error: { message: 'busy' } }, ['retry-after', '1']);
      }
      if (user !== 'cut') return answerAsModel(exchange);
      exchange.startStream();
      exchange.event(chatChunk('Hello'));
      exchange.hangUp();
    };
  gateway = await startTestGateway({
    tracing: { otlp_endpoint: receiver.url },
    models: { m: { replicas: upstreams.map(({ url }) => ({ url })) } },
  });
  ({ id: keyId, key } = await gateway.admin.createKey({ scopes: ['infer'] }));
  const bounded = await gateway.admin.createKey({ scopes: ['infer'], limits: { tokens_per_day: 1 } });
  told['alone'] = await ask('alone');
  told['child'] = await ask('child', { headers: { traceparent: parent('1'), tracestate: 'vendor=1' } });
  told['bad'] = await ask('bad', { headers: { traceparent: `${parent('2')}-x`, tracestate: 'vendor=1' } });
  told['unsampled'] = await ask('unsampled', { headers: { traceparent: parent('3', '00') } });
  told['streamed'] = await ask('streamed', { body: { stream: true } });
  told['retried'] = await ask('retried');
  told['cut'] = await ask('cut', { body: { stream: true } });
  told['no key'] = await ask('no key', { withKey: 'kp_nobody' });
  told['no model'] = await ask('no model', { body: { model: 'canary-model' } });
  told['no budget'] = await ask('no budget', { withKey: bounded.key });
  await fetch(`${gateway.url}/healthz`).then((answer) => answer.text());
  await gateway.close();
});

afterAll(async () => {
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  await receiver.close();
});

describe('a receiver of traces', () => {
  test('gets one trace of each request and none of anything else', () => {
    expect([...receiver.paths]).toEqual(['POST /v1/traces']);
    const servers = receiver.spans.filter(({ kind }) => kind === SERVER);
    const ids = servers.map(({ attributes }) => String(attributes['keyporter.request.id']));
    const wanted = [...asked].flatMap(([name, id]) => (name === 'unsampled' ? [] : [id]));
    expect(ids.toSorted()).toEqual(wanted.toSorted());
    expect(new Set(receiver.spans.map(({ traceId: id }) => id)).size).toBe(servers.length);
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(receiver.spans.length);
  });

  test('sees the gateway and, below it, the model server, which got that span as its parent', () => {
    const { server, clients } = spansOf('alone');
    expect(server).toMatchObject({ name: 'POST /v1/chat/completions', failed: false });
    expect(server.parentSpanId).toBeUndefined();
    const [client] = clients;
    expect(clients).toHaveLength(1);
    expect(client).toMatchObject({ name: 'chat m', failed: false });
    expect(told['alone']).toEqual([[`00-${server.traceId}-${client?.spanId}-01`, '']]);
    expect(client?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm',
      'gen_ai.request.stream': false,
      'gen_ai.usage.input_tokens': 5,
      'gen_ai.usage.output_tokens': 2,
      'server.address': '127.0.0.1',
      'http.response.status_code': 200,
    });
    expect(server.attributes).toMatchObject({ 'http.route': '/v1/chat/completions', 'keyporter.key.id': keyId });
  });

  test('sees a trace that the client began go on, and so does the model server', () => {
    const { server, clients } = spansOf('child');
    expect(server).toMatchObject({ traceId: traceId('1'), parentSpanId: CALLER_SPAN });
    expect(told['child']).toEqual([[`00-${traceId('1')}-${clients[0]?.spanId}-01`, 'vendor=1']]);
  });

  test('sees a new trace where the header of the client is not well-formed', () => {
    const { server } = spansOf('bad');
    expect(server.traceId).not.toBe(traceId('2'));
    expect(told['bad']?.[0]?.[0]).toContain(server.traceId);
    expect(told['bad']?.[0]?.[1]).toBe('');
  });

  test('sees nothing of a trace that its beginner does not record, and the model server is told so', () => {
    expect(receiver.trace(traceId('3'))).toEqual([]);
    expect(told['unsampled']?.[0]?.[0]).toMatch(new RegExp(`^00-${traceId('3')}-[0-9a-f]{16}-00$`));
  });

  test('sees each try of a request that went to another replica', () => {
    const { server, clients } = spansOf('retried');
    expect(clients.map(({ failed }) => failed)).toEqual([true, false]);
    expect(clients.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);
    expect(new Set(clients.map(({ attributes }) => attributes['server.port'])).size).toBe(2);
    expect(told['retried']?.map(([header]) => header).sort()).toEqual(
      clients.map(({ spanId }) => `00-${server.traceId}-${spanId}-01`).sort(),
    );
    expect(server).toMatchObject({ failed: false, attributes: { 'keyporter.attempts': 2 } });
  });

  test('sees that an answer was cut', () => {
    const { server, clients } = spansOf('cut');
    expect([server, ...clients].map(({ failed }) => failed)).toEqual([true, true]);
    expect(clients[0]?.attributes['error.type']).toBe('upstream_interrupted');
  });

  test.each([
    ['no key', 'invalid_api_key', 401],
    ['no model', 'model_not_found', 404],
    ['no budget', 'insufficient_quota', 429],
  ])('sees why a request was refused: %s', (name, code, status) => {
    const { server, clients } = spansOf(name);
    expect(clients).toEqual([]);
    expect(server.attributes).toMatchObject({ 'error.type': code, 'http.response.status_code': status });
    expect(server.failed).toBe(false);
  });

  test('gets no key, no prompt, no query and no name that a client made up', () => {
    for (const secret of [key, PROMPT, 'canary-query', 'canary-model', 'Hello']) {
      expect(receiver.text).not.toContain(secret);
    }
  });
});

test('a realtime session is one trace too, and the model server got its part of it with the handshake', async () => {
  const realtime = await RealtimeServer.start();
  const own = await TraceReceiver.start();
  const world = await startWorld({
    tracing: { otlp_endpoint: own.url },
    models: { voice: { replicas: [{ url: realtime.url }] } },
  });
  try {
    const coming = realtime.next();
    const { client } = await RealtimeClient.handshake(world.gateway.url, '/v1/realtime?model=voice', {
      authorization: `Bearer ${world.key}`,
      traceparent: parent('5'),
    });
    const { request, socket } = await coming;
    const usage = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
    socket.write(frame(1, JSON.stringify({ type: 'response.done', response: { id: 'r', usage } })));
    socket.end(frame(8, Buffer.from([3, 232])));
    await client.closed();
    await world.gateway.close();
    const [server] = own.spans.filter(({ kind }) => kind === SERVER);
    const [sent] = own.spans.filter(({ kind }) => kind === CLIENT);
    expect(own.spans).toHaveLength(2);
    expect(server).toMatchObject({ name: 'GET /v1/realtime', traceId: traceId('5'), parentSpanId: CALLER_SPAN });
    expect(sent).toMatchObject({ name: 'realtime voice', parentSpanId: server?.spanId });
    expect(request.headers['traceparent']).toBe(`00-${traceId('5')}-${sent?.spanId}-01`);
    expect(server?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 4 });
  } finally {
    await world.close();
    await realtime.close();
    await own.close();
  }
});

test('a receiver that never answers costs no request its answer, and the gateway ends all the same', async () => {
  const blackHole = await TraceReceiver.start();
  blackHole.mood = 'silent';
  const world = await startWorld({ tracing: { otlp_endpoint: blackHole.url } });
  try {
    for (let at = 0; at < 50; at += 1) expect(await chat(world, { model: 'test-model' })).toBe(200);
  } finally {
    await world.close();
    await blackHole.close();
  }
});

test('spans that the receiver refuses are counted as lost, said once in the log, and once more when they are taken again', async () => {
  const moody = await TraceReceiver.start();
  moody.mood = 'refuses';
  const upstream = await RecordingUpstream.start({ models: ['m'] });
  const lines: string[] = [];
  const note = (_: object, text: string): void => void lines.push(text);
  const log: Log = { ...silentLog, warn: note, info: note };
  const config = { tracing: { otlp_endpoint: `${moody.url}/v1/traces` }, upstreams: [{ url: upstream.url }] };
  const bad = await startTestGateway(config, log);
  try {
    const { key: own } = await bad.admin.createKey({ scopes: ['infer'] });
    const { key: reader } = await bad.admin.createKey({ scopes: ['metrics:read'] });
    const dropped = async (): Promise<number> => {
      const page = await fetch(`${bad.url}/metrics`, { headers: { authorization: `Bearer ${reader}` } });
      return valueOf(readMetrics(await page.text()), 'keyporter_trace_spans_dropped_total');
    };
    const lost = async (spans: number): Promise<void> => {
      expect(await chat({ gateway: bad, key: own }, { model: 'm' })).toBe(200);
      await until(20_000, 'the spans are lost', async () => (await dropped()) === spans);
    };
    await lost(2);
    await lost(4);
    const warnings = (): number => lines.filter((line) => line.includes('receiver of traces')).length;
    expect(warnings()).toBe(1);
    moody.mood = 'takes';
    expect(await chat({ gateway: bad, key: own }, { model: 'm' })).toBe(200);
    await until(20_000, 'traces are taken', async () => {
      await dropped();
      return moody.spans.length === 2;
    });
    await until(20_000, 'the log says so', async () => {
      await dropped();
      return lines.some((line) => line.includes('taken again'));
    });
    expect([warnings(), await dropped()]).toEqual([1, 4]);
  } finally {
    await bad.close();
    await upstream.close();
    await moody.close();
  }
});

test('without a receiver the headers of a trace go on to the model server as they came', async () => {
  const world = await startWorld();
  try {
    const answer = await fetch(`${world.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.key}`,
        'content-type': 'application/json',
        traceparent: parent('4'),
        tracestate: 'vendor=1',
      },
      body: JSON.stringify({ model: 'test-model', messages: [] }),
    });
    expect(answer.status).toBe(200);
    const [exchange] = world.upstream.exchanges;
    expect([exchange?.header('traceparent'), exchange?.header('tracestate')]).toEqual([parent('4'), 'vendor=1']);
  } finally {
    await world.close();
  }
});
