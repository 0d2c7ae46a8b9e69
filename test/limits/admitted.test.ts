import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { chatChunk } from '../support/model-answers.js';
import { wellFormed } from '../support/hostile-row.js';
import { requestOn } from '../support/dialect-routes.js';
import type { RawAnswer, RawClient } from '../support/raw-client.js';
import { modelsOn, startWorld, type World } from '../support/start-gateway.js';
import { until } from '../support/patience.js';

const CHAT = '/v1/chat/completions';
const N = 5;
const K = 12;

let world: World;
beforeAll(async () => {
  world = await startWorld({ limits: { default_output_tokens: 100 } });
});
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

interface Asked {
  model?: string;
  max_tokens?: number;
  stream?: boolean;
  more?: Record<string, unknown>;
}

async function ask(key: string, { model = 'test-model', ...rest }: Asked = {}): Promise<RawClient> {
  const client = await world.gateway.connect();
  const { more = {}, ...members } = rest;
  const body = { model, messages: [{ role: 'user', content: 'Hello' }], ...members, ...more };
  client.write(requestOn({ path: CHAT, body }, key));
  return client;
}

async function answered(key: string, asked: Asked = {}): Promise<RawAnswer> {
  const client = await ask(key, asked);
  try {
    return await client.answer();
  } finally {
    client.close();
  }
}

async function keyWith(limits: Record<string, unknown>): Promise<string> {
  return (await world.admin.createKey({ scopes: ['infer'], limits })).key;
}

/** Answers nothing until all that were admitted have arrived, so that all run at one time. */
function holdAnswers(): { release(): void; readonly held: readonly Exchange[] } {
  const held: Exchange[] = [];
  world.upstream.onRequest = (exchange) => void held.push(exchange);
  return {
    held,
    release() {
      for (const exchange of held)
        exchange.answer(200, {
          id: 'x',
          choices: [],
          usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
        });
    },
  };
}

/** Limits under which exactly N of the requests of this test fit: each takes 20 input and 100 output tokens at most. */
const bytes = (max_tokens: number): number =>
  JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hello' }], max_tokens }).length;
const INPUT = Math.ceil(bytes(100) / 4);

describe('of N + K parallel requests against a limit of N exactly N are admitted', () => {
  const limits: Record<string, Record<string, number>> = {
    requests_per_minute: { requests_per_minute: N },
    requests_per_day: { requests_per_day: N },
    concurrent_requests: { concurrent_requests: N },
    tokens_per_minute: { tokens_per_minute: N * (INPUT + 100) },
    tokens_per_day: { tokens_per_day: N * (INPUT + 100) },
    input_tokens_per_day: { input_tokens_per_day: N * INPUT },
    output_tokens_per_day: { output_tokens_per_day: N * 100 },
    tokens_per_month: { tokens_per_month: N * (INPUT + 100) },
    input_tokens_per_month: { input_tokens_per_month: N * INPUT },
    output_tokens_per_month: { output_tokens_per_month: N * 100 },
  };
  test.each(Object.keys(limits))('%s', async (name) => {
    const key = await keyWith(limits[name] ?? {});
    const answers = holdAnswers();
    const clients = await Promise.all(Array.from({ length: N + K }, () => ask(key, { max_tokens: 100 })));
    const refused: number[] = [];
    const all = clients.map(async (client) => {
      const answer = await client.answer();
      if (answer.status === 429) refused.push(answer.status);
      client.close();
      return answer.status;
    });
    await until(5000, 'all others are refused', async () => {
      await world.admin.streams();
      return refused.length === K;
    });
    expect(answers.held).toHaveLength(N);
    answers.release();
    const statuses = await Promise.all(all);
    expect(statuses.filter((status) => status === 200)).toHaveLength(N);
    expect(await world.admin.streams()).toEqual([]);
  });
});

describe('what a caller is told', () => {
  test('every answer says how the tightest limits stand', async () => {
    const key = await keyWith({ requests_per_minute: 60, tokens_per_day: 100_000 });
    const answer = await answered(key, { max_tokens: 10 });
    expect(answer.status).toBe(200);
    expect(answer.header('x-ratelimit-limit-requests')).toBe('60');
    expect(answer.header('x-ratelimit-remaining-requests')).toBe('59');
    expect(answer.header('x-ratelimit-reset-requests')).toMatch(/^\d+s$/);
    expect(answer.header('x-ratelimit-limit-tokens')).toBe('100000');
    expect(Number(answer.header('x-ratelimit-remaining-tokens'))).toBeLessThan(100_000);
  });

  test('limits of the model server travel on, but never beside ours under one name', async () => {
    world.upstream.onRequest = (exchange) =>
      exchange.answer(200, {}, ['X-RateLimit-Limit-Requests', '9999', 'x-ratelimit-limit-tokens', '7777']);
    const answer = await answered(await keyWith({ requests_per_minute: 60 }));
    const told = answer.headers.flatMap((name, at) =>
      at % 2 === 0 && /^x-ratelimit-limit-/i.test(name) ? [`${name.toLowerCase()}: ${answer.headers[at + 1]}`] : [],
    );
    expect(told.toSorted()).toEqual(['x-ratelimit-limit-requests: 60', 'x-ratelimit-limit-tokens: 7777']);
  });

  test.each(['text/html', 'application/json'])('a server that fails costs a caller no tokens: %s', async (type) => {
    const key = await keyWith({ tokens_per_day: 100_000 });
    world.upstream.onRequest = (exchange) => exchange.answer(500, {}, ['content-type', type]);
    expect((await answered(key)).status).toBe(500);
    world.upstream.onRequest = (exchange) =>
      exchange.answer(200, { usage: { prompt_tokens: 5, completion_tokens: 2 } });
    await answered(key);
    const { header } = await answered(key, { max_tokens: 1 });
    const reserved = 100_000 - Number(header('x-ratelimit-remaining-tokens'));
    expect(reserved).toBeLessThan(7 + 50);
  });

  test('a body that is refused after room was found costs nothing of the day', async () => {
    const key = await keyWith({ requests_per_day: 10, tokens_per_day: 100_000 });
    const client = await world.gateway.connect();
    const options = '"stream_options":{"include_usage":true,"include_usage":false}';
    client.write(wellFormed(key, { body: `{"model":"test-model","messages":[],"stream":true,${options}}` }));
    expect((await client.answer()).status).toBe(400);
    client.close();
    expect((await answered(key)).header('x-ratelimit-remaining-requests')).toBe('9');
  });

  test('a key without limits is told nothing of them', async () => {
    const answer = await answered(world.key);
    expect(answer.headers.filter((text) => text.toLowerCase().startsWith('x-ratelimit'))).toEqual([]);
  });

  test('a budget that is gone is not worth a retry, a rate is', async () => {
    const budget = await keyWith({ tokens_per_day: 1 });
    const gone = await answered(budget);
    expect([gone.status, gone.header('x-should-retry')]).toEqual([429, 'false']);
    expect(gone.json()).toMatchObject({ error: { code: 'insufficient_quota', type: 'insufficient_quota' } });
    const rate = await keyWith({ requests_per_minute: 1 });
    await answered(rate);
    const limited = await answered(rate);
    expect([limited.status, limited.header('x-should-retry')]).toEqual([429, undefined]);
    expect(Number(limited.header('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(limited.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', type: 'requests' } });
  });
});

describe('a budget inside the stream', () => {
  /** Streams so many tokens, or as many as it was told if it obeys. */
  const streams = (wanted: number, obeys: boolean) => (exchange: Exchange) => {
    const body = exchange.json();
    const cap = obeys ? Number(body['max_tokens'] ?? wanted) : wanted;
    const tokens = Math.min(wanted, cap);
    exchange.startStream();
    for (let n = 0; n < tokens; n++) exchange.event(chatChunk(`t${n} `));
    exchange.event(
      chatChunk('', { choices: [{ index: 0, delta: {}, finish_reason: tokens < wanted ? 'length' : 'stop' }] }),
    );
    const usage = { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens };
    exchange.event(chatChunk('', { choices: [], usage }));
    exchange.event('[DONE]');
    exchange.finish();
  };
  const tokensIn = (answer: RawAnswer): number => answer.text().split('"content":"t').length - 1;

  test('a well-behaved engine ends with length at what was left, and the budget is spent to the token', async () => {
    const key = await keyWith({ output_tokens_per_day: 1000 });
    world.upstream.onRequest = streams(4000, true);
    const answer = await answered(key, { max_tokens: 4000, stream: true });
    expect(answer.complete).toBe(true);
    expect(answer.text()).toContain('"finish_reason":"length"');
    expect(answer.text()).toContain('data: [DONE]');
    expect(tokensIn(answer)).toBe(1000);
    expect((await answered(key, { max_tokens: 1 })).status).toBe(429);
  });

  test('an engine that ignores the cap is cut at the event that would go over, with a last event that says why', async () => {
    const key = await keyWith({ output_tokens_per_day: 1000 });
    world.upstream.onRequest = streams(4000, false);
    const answer = await answered(key, { max_tokens: 4000, stream: true });
    expect(answer.complete).toBe(false);
    expect(tokensIn(answer)).toBe(1000);
    expect(answer.text()).toContain('"code":"insufficient_quota"');
    expect(answer.text()).not.toContain('[DONE]');
    await world.upstream.idle();
    expect((await answered(key, { max_tokens: 1 })).status).toBe(429);
  });

  test('a request without a cap takes more in steps while there is some, and is cut at its end', async () => {
    const key = await keyWith({ output_tokens_per_day: 1000 });
    world.upstream.onRequest = streams(4000, true);
    const answer = await answered(key, { stream: true });
    expect(tokensIn(answer)).toBe(1000);
    expect(answer.text()).toContain('"code":"insufficient_quota"');
  });

  test('what was reserved and not used is there again', async () => {
    const key = await keyWith({ output_tokens_per_day: 150 });
    expect((await answered(key, { max_tokens: 100 })).status).toBe(200);
    expect((await answered(key, { max_tokens: 100 })).status).toBe(200);
  });

  test('a stream that came with a length ends where its events do, without the usage that only we asked for', async () => {
    const events = [
      '{"choices":[{"index":0,"delta":{"content":"t"}}]}',
      '{"choices":[],"usage":{"completion_tokens":1}}',
      '[DONE]',
    ];
    const body = events.map((data) => `data: ${data}\n\n`).join('');
    const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n`;
    world.upstream.onRequest = (exchange) => void exchange.raw(head + body);
    const answer = await answered(world.key, { stream: true });
    expect([answer.complete, answer.text()]).toEqual([true, body.replace(/data: [^\n]*usage.*\n\n/, '')]);
  });

  test('usage that only we asked for is not shown, and what the client asked for is', async () => {
    const hidden = await answered(world.key, { stream: true });
    expect(hidden.text()).not.toContain('"usage"');
    const sent = await world.upstream.next();
    expect(sent.json()['stream_options']).toEqual({ include_usage: true });
    const shown = await answered(world.key, { stream: true, more: { stream_options: { include_usage: true } } });
    expect(shown.text()).toContain('"usage"');
  });
});

describe('who is charged', () => {
  const derived = async (parentId: string): Promise<{ key: string }> => {
    const made = await world.admin.must('POST', `/keys/${parentId}/derive`, {
      name: 'child',
      scopes: ['infer'],
    });
    return { key: String(made['key']) };
  };

  test('a derived key counts in the one it was derived from', async () => {
    const parent = await world.admin.createKey({ scopes: ['infer'], limits: { requests_per_day: 2 } });
    const child = await derived(parent.id);
    const statuses = [];
    for (const key of [child.key, parent.key, child.key, parent.key]) statuses.push((await answered(key)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  test('a refusal names no other caller', async () => {
    const parent = await world.admin.createKey({ scopes: ['infer'], limits: { requests_per_day: 1 } });
    const child = await derived(parent.id);
    await answered(child.key);
    const refused = await answered(child.key);
    expect(refused.text()).not.toContain(parent.id);
  });
});

describe('a body that is refused while it is held to its budgets', () => {
  const twice = async (key: string): Promise<RawAnswer> => {
    const client = await world.gateway.connect();
    // One name twice, in as many bytes as it had.
    const body = {
      model: 'test-model',
      messages: [],
      stream: true,
      stream_options: { include_usage: 0, include_usagf: 0 },
    };
    client.write(requestOn({ path: CHAT, body }, key).replace('include_usagf', 'include_usage'));
    try {
      return await client.answer();
    } finally {
      client.close();
    }
  };

  test.each([{ concurrent_requests: 1 }, { output_tokens_per_day: 200 }])(
    'leaves nothing taken of %o',
    async (limits) => {
      const key = await keyWith(limits);
      for (let n = 0; n < 3; n++)
        expect((await twice(key)).json()).toMatchObject({ error: { code: 'duplicate_member' } });
      expect((await answered(key, { max_tokens: 100 })).status).toBe(200);
    },
  );
});

describe('the usage of a stream', () => {
  test.each([0, 'off', 'no', 'f', false, null])(
    'is told by the engine though the client says %j, which some engines read as no',
    async (include_usage) => {
      const answer = await answered(world.key, { stream: true, more: { stream_options: { include_usage } } });
      expect(answer.status).toBe(200);
      expect((await world.upstream.next()).json()['stream_options']).toEqual({ include_usage: true });
      expect(answer.text()).not.toContain('"usage"');
    },
  );
});

describe('a server that nobody reaches', () => {
  test('costs nothing of the day: no request and no tokens', async () => {
    const nowhere = await startWorld({
      limits: { default_output_tokens: 100 },
      models: { ...modelsOn(world.upstream.url), nowhere: { replicas: [{ url: 'http://127.0.0.1:9' }] } },
    });
    try {
      const { key } = await nowhere.admin.createKey({
        scopes: ['infer'],
        limits: { requests_per_day: 10, tokens_per_day: 1000 },
      });
      const answerOf = async (model: string): Promise<RawAnswer> => {
        const client = await nowhere.gateway.connect();
        client.write(requestOn({ path: CHAT, body: { model, messages: [], max_tokens: 10 } }, key));
        return await client.answer();
      };
      expect((await answerOf('nowhere')).status).toBe(503);
      const answer = await answerOf('test-model');
      expect(answer.header('x-ratelimit-remaining-requests')).toBe('9');
      expect(Number(answer.header('x-ratelimit-remaining-tokens'))).toBeGreaterThan(1000 - 10 - 40);
    } finally {
      await nowhere.close();
    }
  });
});
