import OpenAI, {
  AuthenticationError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startWorld } from '../support/start-gateway.js';
import { refuseWith, rejection } from '../support/upstream-refusals.js';

const world = await startWorld();
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const clientOf = (apiKey: string, maxRetries = 0): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${world.gateway.url}/v1`, maxRetries });
const client = clientOf(world.key);
const chat = { model: 'test-model', messages: [{ role: 'user' as const, content: 'Hello' }] };

describe('the openai package works through the gateway', () => {
  test('it lists the models of the key', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids.sort()).toEqual(['org/model-b', 'renamed', 'test-alias', 'test-model']);
  });

  test('it retrieves a model whose id has a slash', async () => {
    const model = await client.models.retrieve('org/model-b');
    expect([model.id, model.object, typeof model.created, typeof model.owned_by]).toEqual([
      'org/model-b',
      'model',
      'number',
      'string',
    ]);
  });

  test('it chats', async () => {
    const answer = await client.chat.completions.create(chat);
    expect(answer.choices[0]?.message.content).toBe('Hello there');
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('it streams a chat with usage, to the end mark', async () => {
    const stream = await client.chat.completions.create({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect([text, tokens]).toEqual(['Hello there', 7]);
  });

  test('a stream that did not ask for usage gets no extra chunk', async () => {
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage)).toBe(true);
  });

  test('it embeds', async () => {
    const answer = await client.embeddings.create({ model: 'test-model', input: 'x', encoding_format: 'float' });
    expect(answer.data[0]?.embedding).toEqual([0.25, -0.5, 1]);
  });

  test('it completes, and asks for a response', async () => {
    expect((await client.completions.create({ model: 'test-model', prompt: 'x' })).choices[0]?.text).toBe(
      'Hello there',
    );
    expect((await client.responses.create({ model: 'test-model', input: 'x' })).output_text).toBe('Hello there');
  });
});

describe('the openai package raises the class that its users catch', () => {
  let narrow: OpenAI;
  beforeAll(async () => {
    narrow = clientOf((await world.admin.createKey({ scopes: ['infer:embeddings'] })).key);
  });

  test('401 with a wrong key: AuthenticationError with code, request id and challenge', async () => {
    const error = await rejection(clientOf('sk-wrong').chat.completions.create(chat));
    if (!(error instanceof AuthenticationError)) throw error;
    expect([error.code, error.type, error.param]).toEqual(['invalid_api_key', 'invalid_request_error', null]);
    expect(error.requestID).toMatch(/^req_/);
    expect(error.headers?.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+", error="invalid_token"/);
    expect(error.message).not.toContain('(no body)');
  });

  test('401 without a key: the code says that none was sent, and the challenge names no error', async () => {
    const bare = new OpenAI({
      apiKey: 'unused',
      baseURL: `${world.gateway.url}/v1`,
      maxRetries: 0,
      defaultHeaders: { authorization: null },
    });
    const error = await rejection(bare.models.list());
    if (!(error instanceof AuthenticationError)) throw error;
    expect(error.code).toBe('missing_api_key');
    expect(error.headers?.get('www-authenticate')).toMatch(/^Bearer/);
    expect(error.headers?.get('www-authenticate')).not.toContain('error=');
  });

  test('403 without the scope: PermissionDeniedError', async () => {
    const error = await rejection(narrow.chat.completions.create(chat));
    if (!(error instanceof PermissionDeniedError)) throw error;
    expect(error.code).toBe('missing_scope');
  });

  test('404 for an unknown model and for a forbidden one: NotFoundError', async () => {
    for (const model of ['no-such-model', 'secret-model']) {
      const error = await rejection(client.chat.completions.create({ ...chat, model }));
      if (!(error instanceof NotFoundError)) throw error;
      expect(error.code).toBe('model_not_found');
    }
    expect(await rejection(client.models.retrieve('no/such'))).toBeInstanceOf(NotFoundError);
  });

  test('404 for a wrong base URL names the right one', async () => {
    const lost = new OpenAI({ apiKey: world.key, baseURL: world.gateway.url, maxRetries: 0 });
    const error = await rejection(lost.chat.completions.create(chat));
    if (!(error instanceof NotFoundError)) throw error;
    expect(error.code).toBe('unknown_url');
    expect(error.message).toContain('/v1');
  });

  test('429 of the model server: RateLimitError with its own words', async () => {
    refuseWith(world.upstream, 429);
    const error = await rejection(client.chat.completions.create(chat));
    if (!(error instanceof RateLimitError)) throw error;
    expect([error.code, error.type]).toEqual(['engine_code', 'engine_error']);
    expect(error.headers?.get('retry-after')).toBe('1');
  });

  test('503 of the model server: InternalServerError with its own words', async () => {
    refuseWith(world.upstream, 503);
    const error = await rejection(client.chat.completions.create(chat));
    if (!(error instanceof InternalServerError)) throw error;
    expect([error.status, error.code]).toEqual([503, 'engine_code']);
  });

  test('a refused stream raises the same classes before the first event', async () => {
    expect(await rejection(narrow.chat.completions.create({ ...chat, stream: true }))).toBeInstanceOf(
      PermissionDeniedError,
    );
    refuseWith(world.upstream, 429);
    expect(await rejection(client.chat.completions.create({ ...chat, stream: true }))).toBeInstanceOf(RateLimitError);
  });

  test('its own retries reach the model server: a 503 and then an answer is an answer', async () => {
    let asked = 0;
    const answerAsModel = world.upstream.onRequest;
    world.upstream.onRequest = (exchange) => {
      asked += 1;
      if (asked === 1) exchange.answer(503, { error: { message: 'loading' } }, ['retry-after-ms', '1']);
      else answerAsModel(exchange);
    };
    const answer = await clientOf(world.key, 2).chat.completions.create(chat);
    expect([answer.choices[0]?.message.content, asked]).toEqual(['Hello there', 2]);
  });

  test('a stream that breaks off raises, and the text before it was delivered', async () => {
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      exchange.event({ id: '1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hel' } }] });
      void seen.then(() => exchange.reset());
    };
    let sawFirst: () => void = () => {};
    const seen = new Promise<void>((resolve) => (sawFirst = resolve));
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    const texts: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const chunk of stream) {
          texts.push(chunk.choices[0]?.delta.content ?? '');
          sawFirst();
        }
      })(),
    );
    expect(texts).toEqual(['Hel']);
    if (!(error instanceof OpenAI.APIError)) throw error;
    expect(error.code).toBe('upstream_interrupted');
  });
});
