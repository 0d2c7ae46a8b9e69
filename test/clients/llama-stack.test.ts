import LlamaStackClient from 'llama-stack-client';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startWorld } from '../support/start-gateway.js';
import { refuseWith, rejection } from '../support/upstream-refusals.js';

const world = await startWorld();
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const clientOf = (apiKey: string, maxRetries = 0): LlamaStackClient =>
  new LlamaStackClient({ apiKey, baseURL: world.gateway.url, maxRetries });
const client = clientOf(world.key);
const chat = { model: 'test-model', messages: [{ role: 'user' as const, content: 'Hello' }] };

describe('the llama-stack-client package works through the gateway', () => {
  test('it lists the models of the key, and retrieves one whose id has a slash', async () => {
    const models = (await client.models.list()) as unknown as { id: string }[];
    expect(models.map((model) => model.id).sort()).toEqual(['org/model-b', 'renamed', 'test-alias', 'test-model']);
    expect(((await client.models.retrieve('org/model-b')) as unknown as { id: string }).id).toBe('org/model-b');
  });

  test('it chats, streams a chat with usage, and embeds', async () => {
    const answer = await client.chat.completions.create(chat);
    expect((answer as unknown as { choices: { message: { content: string } }[] }).choices[0]?.message.content).toBe(
      'Hello there',
    );
    const stream = await client.chat.completions.create({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const chunk of stream as unknown as AsyncIterable<{
      choices: { delta: { content?: string } }[];
      usage?: { total_tokens: number } | null;
    }>) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect([text, tokens]).toEqual(['Hello there', 7]);
    expect((await client.embeddings.create({ model: 'test-model', input: 'x' })).data[0]?.embedding).toEqual([
      0.25, -0.5, 1,
    ]);
  });
});

describe('the llama-stack-client package raises the class that its users catch', () => {
  test('401, 403 and 404 of the gateway', async () => {
    const narrow = await world.admin.createKey({ scopes: ['infer:embeddings'] });
    expect(await rejection(clientOf('wrong').chat.completions.create(chat))).toBeInstanceOf(
      LlamaStackClient.AuthenticationError,
    );
    expect(await rejection(clientOf(narrow.key).chat.completions.create(chat))).toBeInstanceOf(
      LlamaStackClient.PermissionDeniedError,
    );
    expect(await rejection(client.chat.completions.create({ ...chat, model: 'no/such' }))).toBeInstanceOf(
      LlamaStackClient.NotFoundError,
    );
  });

  test('429 and 503 of the model server', async () => {
    refuseWith(world.upstream, 429);
    expect(await rejection(client.chat.completions.create(chat))).toBeInstanceOf(LlamaStackClient.RateLimitError);
    refuseWith(world.upstream, 503);
    expect(await rejection(client.chat.completions.create(chat))).toBeInstanceOf(LlamaStackClient.InternalServerError);
  });
});
