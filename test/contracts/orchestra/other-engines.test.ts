import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { startOrchestraWorld, type OrchestraWorld } from './orchestra-world.js';

const BAD_GATEWAY = '{"detail":"Bad Gateway: Error communicating with worker 0."}';
let engine: RecordingUpstream;
beforeAll(async () => {
  engine = await RecordingUpstream.start();
});
afterEach(() => engine.forget());
afterAll(() => engine.close());

describe('other engines', () => {
  let translated: OrchestraWorld;
  beforeAll(async () => {
    translated = await startOrchestraWorld({
      config: {
        models: {
          qwen3: { engine: 'vllm', upstream_model: 'Qwen/Qwen3-8B', replicas: [{ url: engine.url }] },
          gemma3: { replicas: [{ url: engine.url }] },
        },
      },
    });
  });
  afterAll(() => translated.close());
  const ask = (request_body: object): ReturnType<OrchestraWorld['infer']> =>
    translated.infer({ body: { model_name: 'qwen3', request_body } });

  test('input becomes one user message, and the answer fills response', async () => {
    const got = await ask({ input: 'Hi', max_new_tokens: 16, session_id: 's' });
    expect(got.status).toBe(200);
    const { lb_latency_ms: latency, duration_seconds: seconds, api_worker_pid: pid, ...rest } = got.json();
    expect(rest).toEqual({
      response: 'Hello there',
      gpu_id_of_model_worker: 'auto',
      model_name_processed: 'qwen3',
      load_balancer_worker_id: 0,
      lb_queue_at_dispatch: 0,
    });
    expect([latency, seconds, pid].map((value) => typeof value)).toEqual(['number', 'number', 'number']);
    const [sent] = engine.exchanges;
    expect(sent?.target).toBe('/v1/chat/completions');
    expect(sent?.json()).toEqual({
      model: 'Qwen/Qwen3-8B',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 16,
      stream: false,
    });
  });

  test.each([[undefined], [0], [-1], [true], ['many'], [null], [Number.NaN]])(
    'max_new_tokens %j leaves the bound to the engine',
    async (max) => {
      await ask({ input: 'Hi', max_new_tokens: max });
      expect(engine.exchanges[0]?.json()).not.toHaveProperty('max_tokens');
    },
  );

  test('images become image parts', async () => {
    await ask({ input: 'What?', images: ['data:image/jpeg;base64,/9j/AA==', { data: 'iVBORw0KGgoAAA==' }] });
    expect(engine.exchanges[0]?.json()['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/AA==' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgoAAA==' } },
          { type: 'text', text: 'What?' },
        ],
      },
    ]);
    expect((await ask({ input: 'x', images: ['/etc/passwd'] })).status).toBe(400);
    expect((await ask({ input: 'x', images: [{ data: 'JVBERi0=' }] })).status).toBe(400);
  });

  test('text and texts become embeddings', async () => {
    const one = await ask({ text: 'Hi', instruction: 'Find' });
    expect(one.json()).toMatchObject({
      embedding: [0.25, -0.5, 1],
      embedding_dim: 3,
      count: 1,
      model_name_processed: 'qwen3',
      load_balancer_worker_id: 0,
    });
    expect(engine.exchanges[0]?.target).toBe('/v1/embeddings');
    expect(engine.exchanges[0]?.json()).toEqual({ model: 'Qwen/Qwen3-8B', input: 'Instruct: Find\nQuery:Hi' });
    const many = await ask({ texts: ['Hi'], embedding_dim: 2 });
    const [vector] = many.json()['embeddings'] as number[][];
    expect(many.json()).toMatchObject({ count: 1, embedding_dim: 2 });
    expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1);
  });

  test.each([
    [{}],
    [{ input: 5 }],
    [{ texts: [] }],
    [{ texts: [1] }],
    [{ text: 5 }],
    [{ audio: { data: 'aGk=', format: 'wav' } }],
  ])('%j cannot be translated and is refused', async (body) => {
    const got = await ask(body);
    expect([got.status, typeof got.json()['detail']]).toEqual([400, 'string']);
    expect(engine.exchanges).toHaveLength(0);
  });

  test('what the engine refuses comes back as a detail with its status; its failure is a bad gateway', async () => {
    engine.onRequest = (exchange) =>
      exchange.answer(422, { error: { message: 'too long', type: 't', param: null, code: 'c' } });
    const refused = await ask({ input: 'Hi' });
    expect([refused.status, refused.text]).toEqual([422, '{"detail":"too long"}']);
    engine.onRequest = (exchange) => exchange.answer(500, { error: { message: 'boom' } });
    const failed = await ask({ input: 'Hi' });
    expect([failed.status, failed.text]).toEqual([502, BAD_GATEWAY]);
  });
});
