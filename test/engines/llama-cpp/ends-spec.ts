import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busySlots, ENDLESS, expectStopped } from './endless.js';
import { startEngineWorld, type EngineWorld } from './engine-world.js';

let world: EngineWorld;
beforeAll(async () => {
  world = await startEngineWorld();
});
afterAll(() => world.close());

const MESSAGES = [{ role: 'user', content: 'hello' }];
const CHAT = { model: 'tiny', messages: MESSAGES, max_tokens: ENDLESS };
const STREAMS: readonly { path: string; body: object; seen: string }[] = [
  { path: '/v1/chat/completions', body: { ...CHAT, stream: true }, seen: '"delta":{"content"' },
  { path: '/v1/completions', body: { model: 'tiny', prompt: 'a', max_tokens: ENDLESS, stream: true }, seen: '"text"' },
  { path: '/v1/messages', body: { ...CHAT, stream: true }, seen: 'content_block_delta' },
  {
    path: '/v1/responses',
    body: { model: 'tiny', input: 'a', max_output_tokens: ENDLESS, stream: true },
    seen: 'output_text.delta',
  },
  { path: '/completion', body: { prompt: 'a', n_predict: ENDLESS, stream: true }, seen: '"content"' },
];

describe('a caller who hangs up', () => {
  for (const { path, body, seen } of STREAMS) {
    test(`in the middle of a stream of ${path} frees its slot`, async () => {
      const before = await world.metric('tokens_predicted_total');
      const client = await world.begin(path, body);
      await client.see(seen);
      expect((await world.slots()).filter((slot) => slot.is_processing)).toHaveLength(1);
      client.close();
      await expectStopped(world, before);
    });
  }

  test('while a whole answer is made frees its slot', async () => {
    const before = await world.metric('tokens_predicted_total');
    const client = await world.begin('/v1/chat/completions', CHAT);
    await busySlots(world, 1);
    client.close();
    await expectStopped(world, before);
  });
});

describe('a key that is revoked', () => {
  for (const { path, body, seen } of STREAMS) {
    test(`ends its stream of ${path} with the reason, and frees its slot`, async () => {
      const before = await world.metric('tokens_predicted_total');
      const { id, key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
      const client = await world.begin(path, body, { key });
      await client.see(seen);
      const answer = client.answer();
      await world.gateway.admin.must('POST', `/keys/${id}/revoke`, {});
      const { complete, text } = await answer.then((got) => ({ complete: got.complete, text: got.text() }));
      expect(complete).toBe(false);
      expect(text.trimEnd().split('\n\n').at(-1)).toContain('key_revoked');
      for (const mark of ['[DONE]', 'message_stop', 'response.completed', '"stop":true']) {
        expect(text).not.toContain(mark);
      }
      await expectStopped(world, before);
      expect((await world.ask(`POST ${path}`, body, { key })).status).toBe(401);
    });
  }
});

test('a server that is killed in the middle of a stream ends it honestly, and is back by itself', async () => {
  const client = await world.begin('/v1/chat/completions', { ...CHAT, stream: true });
  await client.see('"delta":{"content"');
  const answer = client.answer();
  await world.killEngine();
  const { complete, text } = await answer.then((got) => ({ complete: got.complete, text: got.text() }));
  expect([complete, text.includes('[DONE]')]).toEqual([false, false]);
  expect(text).toContain('upstream_interrupted');
  const again = await world.ask('POST /v1/chat/completions', { ...CHAT, max_tokens: 2 });
  expect([again.status, again.json]).toMatchObject([200, { usage: { completion_tokens: 2 } }]);
});
