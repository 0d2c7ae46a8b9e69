import { afterAll, beforeAll, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { startWorld, type World } from '../support/start-gateway.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.upstream.onRequest = (exchange) =>
    exchange.answer(200, {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15, prompt_tokens_details: { cached_tokens: 8 } },
    });
});
afterAll(() => world.close());

test('a request is in the usage of its key as soon as its answer is there, and a replay refuses it by the same limits', async () => {
  const body = JSON.stringify({ model: 'test-alias', messages: [{ role: 'user', content: 'Hi.' }], max_tokens: 5 });
  for (let times = 0; times < 2; times += 1)
    expect((await send(world, wellFormed(world.key, { path: '/v1/chat/completions', body }))).status).toBe(200);
  const { data } = await world.admin.must('GET', '/usage?by=key,model');
  expect(data).toMatchObject([
    {
      key_id: world.keyId,
      key_name: 'test',
      model: 'test-model',
      requests: 2,
      failed: 0,
      input_tokens: 24,
      output_tokens: 6,
      total_tokens: 30,
      cached_tokens: 16,
      estimated_requests: 0,
    },
  ]);
  const replay = (limits: object) => world.admin.must('POST', '/usage/replay', { limits });
  expect(await replay({ requests_per_day: 1 })).toMatchObject({ requests: 2, refused: 1, refused_tokens: 15 });
  expect(await replay({ tokens_per_day: 1000 })).toMatchObject({ refused: 0, shortened: 0 });
  // The size of the request alone is more than that, as it would be for a request of today.
  expect(await replay({ tokens_per_day: 10 })).toMatchObject({ refused: 2 });
});

test('a stream whose model server tells no usage is counted, and marked as an estimate', async () => {
  const { id, key } = await world.admin.createKey({ scopes: ['infer'] });
  const tells = world.upstream.onRequest;
  world.upstream.onRequest = (exchange) => {
    exchange.startStream();
    for (const content of ['One', ' two', ' three']) exchange.event({ choices: [{ index: 0, delta: { content } }] });
    exchange.event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    exchange.event('[DONE]');
    exchange.finish();
  };
  const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi.' }], stream: true });
  expect((await send(world, wellFormed(key, { path: '/v1/chat/completions', body }))).complete).toBe(true);
  world.upstream.onRequest = tells;
  const { data } = await world.admin.must('GET', `/usage?by=key&key_id=${id}`);
  const input_tokens = Math.ceil(body.length / 4);
  expect(data).toMatchObject([{ requests: 1, input_tokens, output_tokens: 3, estimated_requests: 1 }]);
});
