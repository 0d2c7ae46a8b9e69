import Anthropic from '@anthropic-ai/sdk';
import OlderAnthropic from '@anthropic-ai/sdk-0.137';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { headBytes } from '../support/exchange.js';
import { startWorld } from '../support/start-gateway.js';
import { refuseMessagesWith, rejection } from '../support/upstream-refusals.js';

const world = await startWorld();
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const ask = { model: 'test-model', max_tokens: 16, messages: [{ role: 'user' as const, content: 'Hello' }] };

const packages = [
  ['@anthropic-ai/sdk 1.12', Anthropic],
  ['@anthropic-ai/sdk 0.137', OlderAnthropic as unknown as typeof Anthropic],
] as const;

describe.each(packages)('%s', (_name, Sdk) => {
  const clientOf = (apiKey: string, maxRetries = 0) => new Sdk({ apiKey, baseURL: world.gateway.url, maxRetries });
  const client = clientOf(world.key);

  test('sends a message', async () => {
    const answer = await client.messages.create(ask);
    expect(answer.content[0]).toMatchObject({ type: 'text', text: 'Hello there' });
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('streams a message with usage, to its stop', async () => {
    const final = await client.messages.stream(ask).finalMessage();
    expect(final.content[0]).toMatchObject({ type: 'text', text: 'Hello there' });
    expect([final.stop_reason, final.usage.output_tokens]).toEqual(['end_turn', 2]);
  });

  test('counts tokens', async () => {
    const { max_tokens: _, ...counted } = ask;
    expect((await client.messages.countTokens(counted)).input_tokens).toBe(7);
  });

  test('lists the models of the key, and retrieves one whose id has a slash, in its own shape', async () => {
    const page = await client.models.list();
    expect(page.data.map((model) => model.id).sort()).toEqual(['org/model-b', 'renamed', 'test-alias', 'test-model']);
    expect(page.data.every((model) => model.type === 'model' && typeof model.display_name === 'string')).toBe(true);
    expect(page.data.every((model) => !Number.isNaN(Date.parse(model.created_at)))).toBe(true);
    expect((await client.models.retrieve('org/model-b')).id).toBe('org/model-b');
  });

  test('its version and its headers reach the model server, its key does not', async () => {
    await client.messages.create(ask);
    const exchange = world.upstream.exchanges[0];
    expect(exchange?.header('anthropic-version')).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(world.upstream.everything()).not.toContain(world.key);
  });

  test('401: AuthenticationError in its shape, with the request id in header and body', async () => {
    const error = await rejection(clientOf('wrong').messages.create(ask));
    if (!(error instanceof Sdk.AuthenticationError)) throw error;
    expect(error.error).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error' },
      request_id: error.requestID,
    });
    expect(error.headers.get('request-id')).toMatch(/^req_/);
    expect(error.headers.get('request-id')).toBe(error.requestID);
  });

  test('403: PermissionDeniedError', async () => {
    const narrow = await world.admin.createKey({ scopes: ['infer:embeddings'] });
    const error = await rejection(clientOf(narrow.key).messages.create(ask));
    if (!(error instanceof Sdk.PermissionDeniedError)) throw error;
    expect(error.error).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
  });

  test('404 for an unknown and for a forbidden model: NotFoundError', async () => {
    for (const model of ['no-such-model', 'secret-model']) {
      const error = await rejection(client.messages.create({ ...ask, model }));
      if (!(error instanceof Sdk.NotFoundError)) throw error;
      expect(error.error).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    }
  });

  test('the list of models refuses in its words too, with the request id', async () => {
    const stranger = await rejection(clientOf('kp_unknown').models.list());
    if (!(stranger instanceof Sdk.AuthenticationError)) throw stranger;
    expect([stranger.type, stranger.requestID]).toEqual(['authentication_error', expect.stringMatching(/^req_/)]);
    for (const model of ['no-such-model', 'secret-model']) {
      const error = await rejection(client.models.retrieve(model));
      if (!(error instanceof Sdk.NotFoundError)) throw error;
      expect([error.type, error.requestID]).toEqual(['not_found_error', expect.stringMatching(/^req_/)]);
    }
  });

  test('a budget that is gone: RateLimitError that says which of the two it is', async () => {
    const spent = await world.admin.createKey({ scopes: ['infer'], limits: { tokens_per_day: 1 } });
    const error = await rejection(clientOf(spent.key).messages.create(ask));
    if (!(error instanceof Sdk.RateLimitError)) throw error;
    expect(error.error).toMatchObject({
      type: 'error',
      error: { type: 'rate_limit_error', details: { error_code: 'insufficient_quota' } },
    });
    expect([error.headers.get('retry-after'), error.headers.get('x-should-retry')]).toEqual([null, 'false']);
  });

  test('a failure of the model server that is no JSON has the type of its status', async () => {
    for (const [status, type] of [
      [500, 'api_error'],
      [504, 'timeout_error'],
      [529, 'overloaded_error'],
    ] as const) {
      const head = ['content-type', 'text/html', 'content-length', '2'];
      world.upstream.onRequest = (exchange) => exchange.raw(`${headBytes(status, head)}no`);
      const error = await rejection(client.messages.create(ask));
      if (!(error instanceof Sdk.InternalServerError)) throw error;
      expect([error.status, error.type]).toEqual([status, type]);
    }
  });

  test('429 and 503 of the model server: RateLimitError and InternalServerError with its own words', async () => {
    refuseMessagesWith(world.upstream, 429, 'rate_limit_error');
    const limited = await rejection(client.messages.create(ask));
    if (!(limited instanceof Sdk.RateLimitError)) throw limited;
    expect(limited.error).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'the engine says 429' },
    });
    refuseMessagesWith(world.upstream, 503, 'overloaded_error');
    const busy = await rejection(client.messages.create(ask));
    if (!(busy instanceof Sdk.InternalServerError)) throw busy;
    expect(busy.status).toBe(503);
  });

  test('its own retries reach the model server: a 529 and then an answer is an answer', async () => {
    let asked = 0;
    const answerAsModel = world.upstream.onRequest;
    world.upstream.onRequest = (exchange) => {
      asked += 1;
      if (asked > 1) return answerAsModel(exchange);
      return exchange.answer(529, { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }, [
        'retry-after-ms',
        '1',
      ]);
    };
    await clientOf(world.key, 2).messages.create(ask);
    expect(asked).toBe(2);
  });

  test('a stream that breaks off raises', async () => {
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      exchange.event(
        {
          type: 'message_start',
          message: {
            id: 'm',
            type: 'message',
            role: 'assistant',
            content: [],
            model: 'test-model',
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        },
        'message_start',
      );
      exchange.hangUp();
    };
    const error = await rejection(client.messages.stream(ask).finalMessage());
    expect(error).toBeInstanceOf(Sdk.APIError);
  });
});
