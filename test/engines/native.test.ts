import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startWorld } from '../support/start-gateway.js';
import { wellFormed } from '../support/hostile-row.js';
import { ask, enginesOn, startLines } from './ask.js';

const upstream = await RecordingUpstream.start({ models: [] });
const world = await startWorld({
  models: {
    ...enginesOn(upstream.url),
    'tagged:latest': { engine: 'ollama', replicas: [{ url: upstream.url }] },
    'other:latest': { engine: 'vllm', replicas: [{ url: upstream.url }] },
    'name-here': {
      engine: 'ollama',
      replicas: [{ url: upstream.url }],
      upstream_model: 'name-there',
      aliases: ['alias-here'],
    },
  },
  default_model: 'on-llama.cpp',
});
const keyWith = async (scopes: string[], more: object = {}): Promise<string> =>
  (await world.admin.createKey({ scopes, ...more })).key;

afterAll(async () => {
  await world.close();
  await upstream.close();
});
afterEach(() => upstream.forget());
const answerAll = (): void => {
  upstream.onRequest = (exchange) => exchange.answer(200, { asked: exchange.target });
};

const FAMILIES: Record<string, readonly string[]> = {
  'infer:chat': [
    '/completion',
    '/infill',
    '/api/chat',
    '/api/generate',
    '/api/v0/chat/completions',
    '/api/v0/completions',
    '/openai/deployments/on-openai/chat/completions',
    '/openai/deployments/on-openai/completions',
  ],
  'infer:embeddings': [
    '/embedding',
    '/api/embed',
    '/api/embeddings',
    '/api/v0/embeddings',
    '/openai/deployments/on-openai/embeddings',
  ],
  'infer:rerank': ['/rerank'],
  'infer:audio': ['/v1/audio/speech', '/openai/deployments/on-openai/audio/speech'],
  'infer:images': ['/v1/images/generations', '/openai/deployments/on-openai/images/generations'],
  infer: ['/tokenize', '/detokenize', '/apply-template', '/api/show'],
};

describe('routes of single engines', () => {
  for (const [family, paths] of Object.entries(FAMILIES)) {
    test(`${paths.join(' ')} take ${family} and no other family`, async () => {
      answerAll();
      const held = await keyWith([family === 'infer' ? 'infer:audio' : family]);
      const other = await keyWith(family === 'infer' ? ['engine:read'] : ['infer:realtime', 'engine:control']);
      for (const path of paths) {
        const body = path.startsWith('/openai') ? { x: 1 } : { model: 'on-openai', x: 1 };
        expect([path, (await ask(world, `POST ${path}`, { key: held, body })).status]).toEqual([path, 200]);
        expect([path, (await ask(world, `POST ${path}`, { key: other, body })).status]).toEqual([path, 403]);
      }
    });
  }

  test('a body without a model goes to the default model, under the name its engine has', async () => {
    answerAll();
    await ask(world, 'POST /completion', { body: '{"prompt":"x"}' });
    expect(upstream.exchanges[0]?.body.toString()).toBe('{"model":"on-llama.cpp","prompt":"x"}');
  });

  test('refusals come in the words of the route', async () => {
    const said = async (path: string): Promise<unknown> =>
      JSON.parse((await ask(world, `POST ${path}`, { key: 'kp_bad', body: { model: 'x' } })).text);
    expect(await said('/api/chat')).toEqual({ error: expect.stringMatching(/key/) });
    expect(await said('/completion')).toEqual({
      error: { code: 401, message: expect.stringMatching(/key/), type: 'authentication_error' },
    });
    expect(await said('/api/v0/completions')).toMatchObject({ error: { code: 'invalid_api_key' } });
  });

  test('the lists of Ollama and LM Studio show what the key may use, and ask no server', async () => {
    const key = await keyWith(['infer'], { models: ['name-*'] });
    const tags = JSON.parse((await ask(world, 'GET /api/tags', { key })).text) as { models: Record<string, unknown>[] };
    expect(tags.models.map(({ name, model }) => [name, model])).toEqual([
      ['name-here', 'name-here'],
      ['alias-here', 'alias-here'],
    ]);
    const running = JSON.parse((await ask(world, 'GET /api/ps', { key })).text) as {
      models: Record<string, unknown>[];
    };
    expect(running.models.map(({ name }) => name)).toEqual(['name-here', 'alias-here']);
    const cards = JSON.parse((await ask(world, 'GET /api/v0/models', { key })).text) as {
      data: Record<string, unknown>[];
    };
    expect(cards.data.map(({ id }) => id)).toEqual(['name-here', 'alias-here']);
    expect((await ask(world, 'GET /api/v0/models/name-here', { key })).status).toBe(200);
    expect((await ask(world, 'GET /api/v0/models/on-openai', { key })).status).toBe(404);
    expect(JSON.parse((await ask(world, 'GET /api/version', { key })).text)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    expect((await ask(world, 'HEAD /')).status).toBe(200);
    expect((await ask(world, 'GET /api/tags', { key: await keyWith(['engine:read']) })).status).toBe(403);
    expect(upstream.exchanges).toEqual([]);
  });

  test('the usual tag of a model of Ollama may be left out, and of no other engine', async () => {
    answerAll();
    expect((await ask(world, 'POST /api/chat', { body: { model: 'tagged' } })).status).toBe(200);
    expect(upstream.exchanges[0]?.json()['model']).toBe('tagged:latest');
    expect((await ask(world, 'POST /api/chat', { body: { model: 'other' } })).status).toBe(404);
  });

  test('what would change an engine is no route of its own', async () => {
    const key = await keyWith(['admin']);
    for (const line of [
      'POST /api/pull',
      'DELETE /api/delete',
      'POST /api/create',
      'GET /props',
      'POST /props',
      'GET /slots',
      'POST /sleep',
      'POST /invocations',
      'POST /v1/load_lora_adapter',
    ]) {
      const { status } = await ask(world, line, { key, ...(line.startsWith('GET') ? {} : { body: {} }) });
      expect([line, status]).toEqual([line, 404]);
    }
    expect(upstream.exchanges).toEqual([]);
  });
});

describe("Ollama's streams", () => {
  const body = JSON.stringify({ model: 'name-here', messages: [{ role: 'user', content: 'Hello' }] });
  const open = async (text = body) => {
    const client = await world.gateway.connect();
    client.write(wellFormed(world.key, { path: '/api/chat', body: text }));
    return { client, exchange: await upstream.next() };
  };
  const line = (content: string, done = false): string =>
    `${JSON.stringify({ model: 'name-there', message: { role: 'assistant', content }, done })}\n`;

  test('lines travel on whole, in order, as they come, and the end is the end', async () => {
    upstream.onRequest = startLines;
    const { client, exchange } = await open();
    expect(exchange.json()['model']).toBe('name-there');
    const answer = client.answer();
    exchange.chunk(line('one') + line('two').slice(0, 10));
    exchange.chunk(line('two').slice(10));
    exchange.chunk(line('', true));
    exchange.finish();
    const { status, complete, text, header } = await answer.then((got) => ({
      ...got,
      text: got.text(),
      header: got.header('content-type'),
    }));
    expect([status, complete, text, header]).toEqual([
      200,
      true,
      line('one') + line('two') + line('', true),
      'application/x-ndjson',
    ]);
    client.close();
  });

  for (const [how, end] of [
    ['ends without its last line', (exchange: Awaited<ReturnType<typeof open>>['exchange']) => exchange.finish()],
    ['breaks', (exchange: Awaited<ReturnType<typeof open>>['exchange']) => exchange.reset()],
  ] as const) {
    test(`a stream that ${how} says so in a line of its own and never looks whole`, async () => {
      upstream.onRequest = startLines;
      const { client, exchange } = await open();
      const answer = client.answer();
      exchange.chunk(line('one') + '{"half');
      end(exchange);
      const got = await answer;
      const lines = got.text().trimEnd().split('\n');
      expect(got.complete).toBe(false);
      expect(got.text()).not.toContain('"done":true');
      expect(lines[0]).toBe(line('one').trimEnd());
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        error: expect.stringMatching(/incomplete/),
        code: 'upstream_interrupted',
      });
      client.close();
    });
  }

  test('revoking the key ends the stream within a second, with a line that says why', async () => {
    const made = await world.admin.createKey({ scopes: ['infer:chat'] });
    upstream.onRequest = startLines;
    const client = await world.gateway.connect();
    client.write(
      wellFormed(made.key, { path: '/api/generate', body: JSON.stringify({ model: 'name-here', prompt: 'x' }) }),
    );
    const exchange = await upstream.next();
    exchange.chunk('{"response":"a","done":false}\n');
    const answer = client.answer();
    const before = performance.now();
    await world.admin.must('POST', `/keys/${made.id}/revoke`, {});
    const got = await answer;
    expect(performance.now() - before).toBeLessThan(1000);
    expect(JSON.parse(got.text().trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ code: 'key_revoked' });
    await exchange.gone;
  });

  test('whoever says nothing of `stream` streams; the log knows', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { done: true });
    const streamed = async (more: object): Promise<unknown> => {
      const { headers } = await ask(world, 'POST /api/generate', {
        body: { model: 'name-here', prompt: 'x', ...more },
      });
      const { data } = (await world.admin.must('GET', `/requests?limit=20`)) as { data: Record<string, unknown>[] };
      return data.find(({ id }) => id === headers.get('x-request-id'))?.['streamed'];
    };
    expect([await streamed({}), await streamed({ stream: false }), await streamed({ stream: true })]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('what engines must not be sent', () => {
  test.each([
    ['on-llama.cpp', '/completion', { n_discard: -1 }],
    ['on-llama.cpp', '/completion', { id_slot: 0 }],
    ['on-llama.cpp', '/v1/chat/completions', { cache_prompt: false }],
    ['on-llama.cpp', '/completion', { grammar: '('.repeat(25_000) }],
    ['on-llama.cpp', '/completion', { grammar_triggers: [{ type: 2, value: '([a-z ]+)+[0-9]' }] }],
    ['on-llama.cpp', '/v1/chat/completions', { chat_parser: '{"parsers":[],"rules":{},"root":0}' }],
    ['on-vllm', '/v1/chat/completions', { kv_transfer_params: { remote_host: 'x' } }],
    ['on-vllm', '/v1/chat/completions', { cache_salt: 'x' }],
    ['on-vllm', '/v1/completions', { priority: -5 }],
    ['on-vllm', '/v1/completions', { logits_processors: ['os.system'] }],
    ['on-sglang', '/v1/chat/completions', { bootstrap_host: 'x' }],
    ['on-ollama', '/api/chat', { keep_alive: 0 }],
    ['on-ollama', '/api/chat', { options: { num_gpu: 0 } }],
    ['on-vllm', '/v1/responses', { input: 'a', background: true }],
    ['on-openai', '/v1/responses', { input: 'a', background: 1 }],
    ['on-openai', '/v1/chat/completions', { api_base: 'http://169.254.169.254' }],
    ['on-openai', '/v1/chat/completions', { kv_transfer_params: {} }],
    ['on-openai', '/v1/chat/completions', { chat_template_kwargs: { chat_template: '{{x}}' } }],
    ['on-lmstudio', '/v1/chat/completions', { draft_model: 'other' }],
    [
      'on-openai',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://10.0.0.1/x' } }] }] },
    ],
  ])('%s %s %j is refused and never sent', async (model, path, more) => {
    const { status } = await ask(world, `POST ${path}`, { body: { model, ...more } });
    expect([status, upstream.exchanges]).toEqual([400, []]);
  });

  test('a clamp changes the bytes of its number and no others', async () => {
    answerAll();
    await ask(world, 'POST /v1/completions', {
      body: '{"model":"on-vllm", "n" : 1000000000,"stop_token_ids":[1, 2],"best_of":-1 ,"logprobs":1e6}',
    });
    expect(upstream.exchanges[0]?.body.toString()).toBe(
      '{"model":"on-vllm", "n" : 8,"stop_token_ids":[1, 2],"best_of":8 ,"logprobs":20}',
    );
  });

  test('what llama.cpp sets aside memory for is clamped', async () => {
    answerAll();
    await ask(world, 'POST /completion', {
      body: '{"model":"on-llama.cpp","repeat_last_n":2147483647,"dry_penalty_last_n":64}',
    });
    expect(upstream.exchanges[0]?.body.toString()).toBe(
      '{"model":"on-llama.cpp","repeat_last_n":65536,"dry_penalty_last_n":64}',
    );
  });

  test('members of one engine pass to another that does not know them', async () => {
    answerAll();
    const body = '{"model":"on-vllm","id_slot":3,"stop_token_ids":[1]}';
    expect((await ask(world, 'POST /v1/completions', { body })).status).toBe(200);
    expect(upstream.exchanges[0]?.body.toString()).toBe(body);
  });
});
