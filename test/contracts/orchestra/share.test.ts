import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { json, Replica } from '../../replicas/pool-world.js';
import { until } from '../../support/patience.js';
import { startOrchestraWorld } from './orchestra-world.js';

/** A chat answer that says how much it cost. */
function answerCosting(tokens: number, response: ServerResponse): void {
  json(response, 200, {
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: tokens - 10, total_tokens: tokens },
  });
}

test('whoever used more than was expected waits longer for the next turn, over /infer as elsewhere', async () => {
  const replica = await Replica.start(['qwen3']);
  replica.keepBodies = true;
  const held: ServerResponse[] = [];
  replica.answer = (response) => void held.push(response);
  const models = { qwen3: { engine: 'openai', max_in_flight: 1, replicas: [{ url: replica.url }] } };
  const world = await startOrchestraWorld({ config: { models } });
  onTestFinished(() => world.close());
  const { admin } = world.gateway;
  const [dear, cheap] = [await admin.createKey({ scopes: ['infer'] }), await admin.createKey({ scopes: ['infer'] })];
  const answers: Promise<{ status: number }>[] = [];
  const ask = async (key: string, input: string): Promise<void> => {
    answers.push(world.infer({ key, body: { model_name: 'qwen3', request_body: { input, max_new_tokens: 16 } } }));
    await until(10_000, 'it is there', async () => (await admin.streams()).length === answers.length);
  };
  for (const input of ['first', 'dear', 'dear']) await ask(dear.key, input);
  for (let nth = 0; nth < 3; nth += 1) await ask(cheap.key, 'cheap');
  for (let turn = 1; turn <= answers.length; turn += 1) {
    await until(10_000, 'it is served', async () => {
      await Promise.resolve();
      return held.length === turn;
    });
    const response = held[turn - 1];
    if (response !== undefined) answerCosting(turn === 1 ? 4000 : 20, response);
  }
  for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  const got = replica.bodies.map((body) => /first|dear|cheap/.exec(JSON.stringify(body))?.[0]);
  expect(got).toEqual(['first', 'cheap', 'cheap', 'cheap', 'dear', 'dear']);
});
