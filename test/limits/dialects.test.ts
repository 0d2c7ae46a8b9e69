import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { judgeBrokenStream, requestOn, STREAMING_ROUTES, type StreamingRoute } from '../support/dialect-routes.js';
import type { Exchange } from '../support/exchange.js';
import { chatChunk } from '../support/model-answers.js';
import type { RawAnswer } from '../support/raw-client.js';
import { startWorld, type World } from '../support/start-gateway.js';

const LEFT = 40;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

/** The routes of engines' own contracts, in the form of the others; their streams are tested elsewhere. */
const NATIVE: readonly { name: string; path: string; body: Record<string, unknown> }[] = [
  { name: 'llama.cpp', path: '/completion', body: { model: 'test-model', prompt: 'Hello', n_predict: 4000 } },
  {
    name: 'Ollama chat',
    path: '/api/chat',
    body: { model: 'test-model', messages: [], stream: false, options: { num_predict: 4000, temperature: 0 } },
  },
  {
    name: 'Ollama generate without a cap',
    path: '/api/generate',
    body: { model: 'test-model', prompt: 'Hello', stream: false },
  },
  { name: 'chat without a cap', path: '/v1/chat/completions', body: { model: 'test-model', messages: [] } },
  { name: 'endless llama.cpp', path: '/completion', body: { model: 'test-model', prompt: 'Hello', n_predict: -1 } },
];

/** The member that bounds the answer on each route. */
const CAPS: Record<string, string> = {
  '/v1/chat/completions': 'max_tokens',
  '/v1/completions': 'max_tokens',
  '/v1/responses': 'max_output_tokens',
  '/v1/messages': 'max_tokens',
  '/completion': 'n_predict',
  '/api/chat': 'options.num_predict',
  '/api/generate': 'options.num_predict',
};

async function keyWithLeft(): Promise<{ id: string; key: string }> {
  return await world.admin.createKey({ scopes: ['infer'], limits: { output_tokens_per_day: LEFT } });
}

async function answered(route: { path: string; body: Record<string, unknown> }, key: string): Promise<RawAnswer> {
  const client = await world.gateway.connect();
  client.write(requestOn(route, key));
  const answer = await client.answer();
  client.close();
  return answer;
}

function capIn(body: Record<string, unknown>, path: string): unknown {
  const cap = CAPS[path] ?? '';
  if (cap !== 'options.num_predict') return body[cap];
  return (body['options'] as Record<string, unknown> | undefined)?.['num_predict'];
}

describe('what an engine is asked for is at most what is left', () => {
  test.each([
    ...STREAMING_ROUTES.map(({ name, path, body }) => ({ name, path, body: { ...body, [CAPS[path] ?? '']: 4000 } })),
    ...NATIVE,
  ])('$name', async ({ path, body }) => {
    const { key } = await keyWithLeft();
    world.upstream.onRequest = (exchange) => exchange.answer(400, { error: { message: 'seen' } });
    await answered({ path, body }, key);
    const sent = (await world.upstream.next()).json();
    expect(capIn(sent, path)).toBe(LEFT);
    expect({ ...sent, ...body, stream_options: null }).toMatchObject({ ...body, stream_options: null });
  });

  test('several answers share it', async () => {
    const { key } = await keyWithLeft();
    const body = { model: 'test-model', messages: [], n: 4, max_completion_tokens: 4000, max_tokens: 3 };
    await answered({ path: '/v1/chat/completions', body }, key);
    expect((await world.upstream.next()).json()).toMatchObject({
      n: 4,
      max_completion_tokens: LEFT / 4,
      max_tokens: 3,
    });
  });
});

describe('an engine that ignores its cap is cut in the words of the route', () => {
  const overrun = (route: StreamingRoute) => (exchange: Exchange) => {
    exchange.startStream();
    for (let n = 0; n < LEFT * 3; n++) route.sendEvent(exchange, `tok${n}.`);
    route.sendEnd(exchange);
    exchange.finish();
  };
  test.each(STREAMING_ROUTES)('$name', async (route) => {
    const { id, key } = await keyWithLeft();
    world.upstream.onRequest = overrun(route);
    const answer = await answered(route, key);
    judgeBrokenStream(route, answer, 'insufficient_quota');
    expect(answer.text()).toContain(`tok${LEFT - 1}.`);
    expect(answer.text()).not.toContain(`tok${LEFT}.`);
    const { data } = await world.admin.must('GET', `/usage?by=key&key_id=${id}`);
    expect(data).toMatchObject([{ requests: 1, output_tokens: LEFT }]);
  });

  test('also when its last event has no end', async () => {
    const { key } = await keyWithLeft();
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      for (let n = 0; n < LEFT; n++) exchange.event(chatChunk(`tok${n}.`));
      exchange.chunk(`data: ${JSON.stringify(chatChunk(`tok${LEFT}.`, { finish_reason: 'stop' }))}`);
      exchange.finish();
    };
    const [route] = STREAMING_ROUTES;
    if (route === undefined) throw new Error('no route');
    const answer = await answered(route, key);
    judgeBrokenStream(route, answer, 'insufficient_quota');
    expect(answer.text()).not.toContain(`tok${LEFT}.`);
  });

  test('Ollama, line by line', async () => {
    const { key } = await keyWithLeft();
    const lines = Array.from({ length: LEFT * 2 }, (_, n) => ({ message: { content: `tok${n}.` }, done: false }));
    world.upstream.onRequest = (exchange) => {
      exchange.raw('HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n');
      for (const line of lines) exchange.chunk(`${JSON.stringify(line)}\n`);
      exchange.finish();
    };
    const answer = await answered({ path: '/api/chat', body: { model: 'test-model', messages: [] } }, key);
    expect(answer.complete).toBe(false);
    expect(answer.text()).toContain(`tok${LEFT - 1}.`);
    expect(answer.text()).not.toContain(`tok${LEFT}.`);
    expect(answer.text().trimEnd().split('\n').at(-1)).toMatch(/^\{"error":/);
  });
});
