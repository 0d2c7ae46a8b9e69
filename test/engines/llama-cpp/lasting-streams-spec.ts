import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDLESS, expectStopped } from './endless.js';
import { startEngineWorld, type EngineWorld } from './engine-world.js';

let world: EngineWorld;
beforeAll(async () => {
  world = await startEngineWorld();
});
afterAll(() => world.close());

const CHAT = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], max_tokens: ENDLESS, stream: true };

// llama.cpp goes on with a stream that has this header when its caller is gone, and hands it to whoever names it.
test('no caller gets a stream that outlives its connection', async () => {
  const before = await world.metric('tokens_predicted_total');
  const client = await world.begin('/v1/chat/completions', CHAT, { headers: { 'X-Conversation-Id': 'mine' } });
  await client.see('"delta":{"content"');
  client.close();
  await expectStopped(world, before);
});

test('nobody reads, ends or finds a stream past the one who asked for it', async () => {
  for (const line of ['GET /v1/stream?conv_id=mine', 'DELETE /v1/stream?conv_id=mine']) {
    expect([line, (await world.ask(line)).status]).toEqual([line, 404]);
    expect([line, (await world.ask(line.replace(' ', ' /engines/tiny'))).status]).toEqual([line, 404]);
  }
  expect((await world.ask('POST /engines/tiny/v1/streams/lookup', { conversation_ids: ['mine'] })).status).toBe(404);
});
