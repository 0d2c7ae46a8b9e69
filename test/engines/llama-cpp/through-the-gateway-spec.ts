import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, findPath } from '../../../src/replicas/engines/table.js';
import { replicaThat } from '../../supervisor/supervised-world.js';
import { SLOTS } from './engine-parts.js';
import { startEngineWorld, type Asked, type EngineWorld } from './engine-world.js';

let world: EngineWorld;
beforeAll(async () => {
  world = await startEngineWorld();
});
afterAll(() => world.close());

const MESSAGES = [{ role: 'user', content: 'hello there' }];
const SAME = { temperature: 0, seed: 1 };
const chatOf = (more: object = {}) => ({ model: 'tiny', messages: MESSAGES, max_tokens: 6, ...SAME, ...more });

/** The events of a stream as name and data, the last marks included. */
function eventsOf({ text }: Asked): { name: string | null; data: string }[] {
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => ({
      name: /^event: (.*)$/m.exec(event)?.[1] ?? null,
      data: /^data: (.*)$/m.exec(event)?.[1] ?? '',
    }));
}
const objectsOf = (asked: Asked): Record<string, unknown>[] =>
  eventsOf(asked)
    .filter(({ data }) => data.startsWith('{'))
    .map(({ data }) => JSON.parse(data) as Record<string, unknown>);
const textOf = (chunks: readonly Record<string, unknown>[]): string =>
  chunks
    .flatMap(({ choices }) => choices as { delta: { content?: string | null } }[])
    .map(({ delta }) => delta.content ?? '')
    .join('');

/** Answers come whole, with our id and without the marks of the server behind. */
function expectAnswer(asked: Asked, type: string): void {
  expect([asked.status, asked.headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
  expect(asked.headers.get('x-request-id')).toMatch(/^req_/);
  for (const name of ['server', 'access-control-allow-origin']) expect(asked.headers.get(name)).toBeNull();
}

describe('texts', () => {
  test('a chat is answered with as many tokens as were asked for', async () => {
    const asked = await world.ask('POST /v1/chat/completions', chatOf());
    expectAnswer(asked, 'application/json');
    expect(asked.json).toMatchObject({
      model: 'tiny',
      choices: [{ finish_reason: 'length', message: { role: 'assistant', content: expect.stringMatching(/\w/) } }],
      usage: { completion_tokens: 6 },
    });
  });

  test('a streamed chat says what the whole answer says, and ends with its mark', async () => {
    const whole = (await world.ask('POST /v1/chat/completions', chatOf())).json as {
      choices: { message: { content: string } }[];
    };
    const streamed = await world.ask('POST /v1/chat/completions', chatOf({ stream: true }));
    expectAnswer(streamed, 'text/event-stream');
    expect(textOf(objectsOf(streamed))).toBe(whole.choices[0]?.message.content);
    expect(eventsOf(streamed).at(-1)?.data).toBe('[DONE]');
  });

  test('a stream tells its usage when asked, and does not when not', async () => {
    const usages = async (more: object): Promise<unknown[]> =>
      objectsOf(await world.ask('POST /v1/chat/completions', chatOf({ stream: true, ...more }))).flatMap(
        ({ usage }) => usage ?? [],
      );
    expect(await usages({})).toEqual([]);
    expect(await usages({ stream_options: { include_usage: true } })).toMatchObject([{ completion_tokens: 6 }]);
  });

  test('/v1/completions answers, also in a stream', async () => {
    const body = { model: 'tiny', prompt: 'hello', max_tokens: 3, ...SAME };
    expect((await world.ask('POST /v1/completions', body)).json).toMatchObject({ usage: { completion_tokens: 3 } });
    const streamed = await world.ask('POST /v1/completions', { ...body, stream: true });
    expect(eventsOf(streamed).at(-1)?.data).toBe('[DONE]');
  });

  test('/v1/messages answers, also in a stream, and counts tokens', async () => {
    const body = { model: 'tiny', max_tokens: 5, messages: MESSAGES, ...SAME };
    const whole = await world.ask('POST /v1/messages', body);
    expectAnswer(whole, 'application/json');
    expect(whole.json).toMatchObject({ type: 'message', stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
    const streamed = await world.ask('POST /v1/messages', { ...body, stream: true });
    const names = eventsOf(streamed).map(({ name }) => name);
    expect([names[0], names.at(-2), names.at(-1)]).toEqual(['message_start', 'message_delta', 'message_stop']);
    const counted = await world.ask('POST /v1/messages/count_tokens', { model: 'tiny', messages: MESSAGES });
    expect(counted.json).toEqual({ input_tokens: expect.any(Number) });
  });

  test('/v1/responses answers, also in a stream', async () => {
    const body = { model: 'tiny', input: 'hello', max_output_tokens: 5, ...SAME };
    const whole = await world.ask('POST /v1/responses', body);
    expectAnswer(whole, 'application/json');
    expect(whole.json).toMatchObject({ object: 'response', status: 'completed', usage: { output_tokens: 5 } });
    const streamed = await world.ask('POST /v1/responses', { ...body, stream: true });
    const names = eventsOf(streamed).map(({ name }) => name);
    expect([names[0], names.at(-1)]).toEqual(['response.created', 'response.completed']);
  });

  test('/completion answers, also in a stream, and finds its model without a name', async () => {
    const whole = await world.ask('POST /completion', { prompt: 'hello', n_predict: 5, ...SAME });
    expect(whole.json).toMatchObject({ stop: true, tokens_predicted: 5, model: 'tiny' });
    const streamed = await world.ask('POST /completion', { prompt: 'hello', n_predict: 5, stream: true, ...SAME });
    const objects = objectsOf(streamed);
    expect(objects.map(({ content }) => content).join('')).toBe(whole.json['content']);
    expect(objects.at(-1)).toMatchObject({ stop: true, tokens_predicted: 5 });
  });

  test('/infill answers', async () => {
    const body = { model: 'tiny', input_prefix: 'hel', input_suffix: 'lo', n_predict: 3, ...SAME };
    expect((await world.ask('POST /infill', body)).json).toMatchObject({ tokens_predicted: 3 });
  });

  test("the engine's own refusals arrive in its words", async () => {
    const asked = await world.ask('POST /v1/chat/completions', chatOf({ messages: 'hello' }));
    expect([asked.status, asked.json]).toEqual([
      400,
      { error: { code: 400, message: expect.any(String), type: 'invalid_request_error' } },
    ]);
    const long = await world.ask('POST /completion', { prompt: 'a '.repeat(70_000), n_predict: 1 });
    expect([long.status, long.json]).toMatchObject([400, { error: { type: 'exceed_context_size_error' } }]);
  });

  test("the server's own name for a cap wins over OpenAI's, as the table of engines says", async () => {
    const asked = await world.ask('POST /v1/chat/completions', chatOf({ max_tokens: 9, n_predict: 4 }));
    expect(asked.json).toMatchObject({ usage: { completion_tokens: 4 } });
    const { caps = [] } = findPath(ENGINES['llama.cpp'], 'POST', '/v1/chat/completions') ?? {};
    expect(caps).toContain('n_predict');
  });
});

describe('embeddings', () => {
  test('a server of embeddings answers under both of its contracts', async () => {
    const openai = await world.ask('POST /v1/embeddings', { model: 'tiny-vectors', input: ['hello', 'there'] });
    expect(openai.json['data']).toHaveLength(2);
    expect((openai.json['data'] as { embedding: number[] }[])[0]?.embedding).toHaveLength(32);
    const own = await world.ask('POST /embedding', { model: 'tiny-vectors', content: 'hello' });
    expect(JSON.parse(own.text)).toMatchObject([{ index: 0, embedding: [expect.any(Array)] }]);
  });

  test('a server of texts refuses them itself', async () => {
    expect((await world.ask('POST /v1/embeddings', { model: 'tiny', input: 'hello' })).status).toBe(501);
  });
});

describe('what a server tells', () => {
  test('tokens become the text they came from', async () => {
    const { tokens } = (await world.ask('POST /tokenize', { model: 'tiny', content: 'hello é' })).json;
    expect((tokens as unknown[]).length).toBeGreaterThan(5);
    expect((await world.ask('POST /detokenize', { model: 'tiny', tokens })).json['content']).toMatch(/^ ?hello é$/);
  });

  test('the template of the model is applied', async () => {
    const { prompt } = (await world.ask('POST /apply-template', { model: 'tiny', messages: MESSAGES })).json;
    expect(prompt).toBe('user: hello there\nassistant:');
  });

  test('/props and /slots agree on the slots', async () => {
    const props = await world.ask('GET /engines/tiny/props');
    expect([props.json['total_slots'], (await world.slots()).length]).toEqual([SLOTS, SLOTS]);
  });

  test('/metrics counts what was answered', async () => {
    const before = await world.metric('tokens_predicted_total');
    await world.ask('POST /v1/chat/completions', chatOf());
    expect(await world.metric('tokens_predicted_total')).toBe(before + 6);
  });

  test('a change of adapters reaches the server', async () => {
    const asked = await world.ask('POST /engines/tiny/lora-adapters', []);
    expect([asked.status, asked.json]).toEqual([200, { success: true }]);
  });

  test('more requests than slots wait here and not in the engine, and all are answered', async () => {
    const running = Array.from({ length: 3 * SLOTS }, () =>
      world.ask('POST /v1/chat/completions', chatOf({ max_tokens: 1000 })),
    );
    const row = await replicaThat(world.gateway, 'tiny-0', ({ waiting }) => waiting === 2 * SLOTS);
    expect(row.in_flight).toBe(SLOTS);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual(running.map(() => 200));
  });
});
