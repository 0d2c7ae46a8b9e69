import LlamaStackClient from 'llama-stack-client';
import { afterAll, describe, expect, test } from 'vitest';
import { rejection } from '../../support/upstream-refusals.js';
import { reply, startLittleServer } from './little-server.js';
import { startStackWorld } from './stack-world.js';

const endpoint = await startLittleServer((asked, response) =>
  asked.json()['api_key'] === 'valid'
    ? reply(response, 200, { principal: 'alice', attributes: { roles: ['user'] } })
    : reply(response, 401, {}),
);
const world = await startStackWorld([{ type: 'delegated', endpoint: endpoint.url, contract: 'ogx' }]);
afterAll(async () => {
  await world.close();
  await endpoint.close();
});

const clientOf = (apiKey: string): LlamaStackClient =>
  new LlamaStackClient({ apiKey, baseURL: world.url, maxRetries: 0 });
const chat = { model: 'test-model', messages: [{ role: 'user' as const, content: 'Hello' }] };

describe('the llama-stack-client package on a llama-stack listener with a delegated endpoint', () => {
  test('it lists models, chats and streams with a credential that the endpoint knows', async () => {
    const client = clientOf('valid');
    expect(((await client.models.list()) as unknown as { id: string }[]).map(({ id }) => id)).toContain('test-model');
    expect(
      ((await client.chat.completions.create(chat)) as unknown as { choices: { message: { content: string } }[] })
        .choices[0]?.message.content,
    ).toBe('Hello there');
    let text = '';
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    for await (const chunk of stream as unknown as AsyncIterable<{ choices: { delta: { content?: string } }[] }>)
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello there');
  });

  test('it asks for health and version without any credential that counts', async () => {
    expect(await clientOf('wrong').inspect.health()).toEqual({ status: 'OK' });
    expect(await clientOf('wrong').inspect.version()).toEqual({ version: expect.any(String) });
  });

  test('it raises the classes that its users catch, with the text of the contract', async () => {
    const refused = await rejection(clientOf('wrong').chat.completions.create(chat));
    expect(refused).toBeInstanceOf(LlamaStackClient.AuthenticationError);
    expect(String(refused)).toContain('Authentication failed: 401');
    expect(await rejection(clientOf('valid').chat.completions.create({ ...chat, model: 'no-such' }))).toBeInstanceOf(
      LlamaStackClient.NotFoundError,
    );
  });
});
