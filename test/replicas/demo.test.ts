import Anthropic from '@anthropic-ai/sdk';
import OlderAnthropic from '@anthropic-ai/sdk-0.137';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { startDemo, type Demo, type DemoOptions } from '../../src/demo/server.js';
import { identifyEngine, isKeyporter, lookAt } from '../../src/replicas/look.js';
import { createProbe } from '../../src/upstream/probe.js';
import { deferred, within } from '../support/patience.js';

async function start(options: DemoOptions = {}): Promise<Demo> {
  const demo = await startDemo({ pauseMs: 0, ...options });
  onTestFinished(() => demo.close());
  return demo;
}

async function openai(options: DemoOptions = {}): Promise<OpenAI> {
  const demo = await start(options);
  return new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: demo.apiKey.reveal(), maxRetries: 0 });
}

async function post(
  demo: Demo,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(demo.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.apiKey.reveal()}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function gather<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of stream) all.push(part);
  return all;
}

const QUESTION = { model: 'demo', messages: [{ role: 'user' as const, content: 'Is anyone\u0007 there?' }] };

describe('with the openai package', () => {
  it('lists and retrieves the model, marked as demo', async () => {
    const client = await openai();
    expect((await client.models.list()).data).toMatchObject([{ id: 'demo', owned_by: 'keyporter-demo' }]);
    expect(await client.models.retrieve('demo')).toMatchObject({ id: 'demo', object: 'model' });
  });

  it('answers a chat, says that it is the demo, and repeats a little', async () => {
    const answer = await (await openai()).chat.completions.create(QUESTION);
    const text = answer.choices[0]?.message.content ?? '';
    expect(text).toMatch(/demo model of Keyporter/);
    expect(text).toContain('"Is anyone there?"');
    expect(answer).toMatchObject({
      model: 'demo',
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop' }],
      usage: { prompt_tokens: 3 },
    });
    expect(answer.usage?.total_tokens).toBe(
      (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
    );
  });

  it('streams the same text word by word, and the usage only when asked', async () => {
    const client = await openai();
    const whole = await client.chat.completions.create(QUESTION);
    const chunks = await gather(await client.chat.completions.create({ ...QUESTION, stream: true }));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    const counted = await gather(
      await client.chat.completions.create({ ...QUESTION, stream: true, stream_options: { include_usage: true } }),
    );
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(counted.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(counted.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('ends at the cap with the reason length; -1 and null are no cap', async () => {
    const client = await openai();
    expect(await client.chat.completions.create({ ...QUESTION, max_tokens: 3 })).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { completion_tokens: 3 },
    });
    expect(await client.chat.completions.create({ ...QUESTION, max_completion_tokens: 1 })).toMatchObject({
      choices: [{ finish_reason: 'length', message: { content: 'Hello! ' } }],
    });
    for (const max_tokens of [-1, null])
      expect((await client.chat.completions.create({ ...QUESTION, max_tokens })).choices[0]?.finish_reason).toBe(
        'stop',
      );
  });

  it('answers text completions, whole and streamed', async () => {
    const client = await openai();
    const whole = await client.completions.create({ model: 'demo', prompt: 'hi' });
    const chunks = await gather(await client.completions.create({ model: 'demo', prompt: 'hi', stream: true }));
    expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe(whole.choices[0]?.text);
  });

  it('makes the same vector of length 1 for the same text, as floats and as base64', async () => {
    const client = await openai();
    const [base64, again, other] = (await client.embeddings.create({ model: 'demo', input: ['a', 'a', 'b'] })).data.map(
      ({ embedding }) => embedding,
    );
    const [floats] = (await client.embeddings.create({ model: 'demo', input: 'a', encoding_format: 'float' })).data;
    expect(again).toEqual(base64);
    expect(other).not.toEqual(base64);
    expect(Math.hypot(...(floats?.embedding ?? []))).toBeCloseTo(1, 6);
    floats?.embedding.forEach((value, index) => expect(base64?.[index]).toBeCloseTo(value, 6));
    expect(
      (await client.embeddings.create({ model: 'demo', input: 'a', dimensions: 3 })).data[0]?.embedding,
    ).toHaveLength(3);
  });

  it('answers responses, whole and streamed', async () => {
    const client = await openai();
    const whole = await client.responses.create({ model: 'demo', input: 'hi' });
    expect(whole).toMatchObject({ status: 'completed', model: 'demo', usage: { input_tokens: 1 } });
    const events = await gather(await client.responses.create({ model: 'demo', input: 'hi', stream: true }));
    expect(events.map(({ sequence_number: sequence }) => sequence)).toEqual(events.map((_, index) => index));
    expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(
      whole.output_text,
    );
    expect(events.at(0)?.type).toBe('response.created');
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage: whole.usage } });
    expect(await client.responses.stream({ model: 'demo', input: 'hi' }).finalResponse()).toMatchObject({
      status: 'completed',
      output_text: whole.output_text,
    });
    expect(await client.responses.create({ model: 'demo', input: 'hi', max_output_tokens: 2 })).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
  });

  it('raises the errors the package knows', async () => {
    const client = await openai();
    await expect(client.chat.completions.create({ ...QUESTION, model: 'other' })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    await expect(client.chat.completions.create({ model: 'demo', messages: [] })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    );
    await expect(client.withOptions({ apiKey: 'other' }).models.list()).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
  });
});

describe.each([
  ['1.12', Anthropic],
  ['0.137', OlderAnthropic],
] as const)('with @anthropic-ai/sdk %s', (_, Package) => {
  const message = {
    model: 'demo',
    max_tokens: 1000,
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'hi there' }] }],
  };

  async function anthropic(): Promise<Anthropic> {
    const demo = await start();
    return new Package({ baseURL: demo.url, apiKey: demo.apiKey.reveal(), maxRetries: 0 }) as Anthropic;
  }

  it('answers messages, whole and streamed', async () => {
    const client = await anthropic();
    const whole = await client.messages.create(message);
    expect(whole).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'demo',
      stop_reason: 'end_turn',
      usage: { input_tokens: 2 },
    });
    const streamed = await client.messages.stream(message).finalMessage();
    expect(streamed.content).toMatchObject(whole.content);
    expect(streamed).toMatchObject({ stop_reason: 'end_turn', usage: { output_tokens: whole.usage.output_tokens } });
  });

  it('ends at the cap, counts tokens, and raises the errors the package knows', async () => {
    const client = await anthropic();
    expect(await client.messages.create({ ...message, max_tokens: 2 })).toMatchObject({
      stop_reason: 'max_tokens',
      usage: { output_tokens: 2 },
    });
    expect(await client.messages.countTokens({ model: 'demo', messages: message.messages })).toEqual({
      input_tokens: 2,
    });
    await expect(client.messages.create({ ...message, model: 'other' })).rejects.toMatchObject({
      status: 404,
      error: { type: 'error', error: { type: 'not_found_error' } },
    });
  });
});

describe('the server', () => {
  it('answers nobody without the key that was made for it', async () => {
    const demo = await start();
    for (const path of ['/v1/models', '/v1/chat/completions', '/health', '/nothing']) {
      expect((await fetch(demo.url + path)).status).toBe(401);
      expect((await fetch(demo.url + path, { headers: { authorization: 'Bearer demo-' } })).status).toBe(401);
    }
    expect((await start()).apiKey.reveal()).not.toBe(demo.apiKey.reveal());
  });

  it('listens on loopback alone, and no other Keyporter takes it for an engine', async () => {
    const demo = await start();
    const replica = { url: demo.url, apiKey: demo.apiKey, engine: 'unknown' as const, caFile: null, weight: 1 };
    const probe = createProbe();
    const look = await lookAt(replica, probe);
    expect(new URL(demo.url).hostname).toBe('127.0.0.1');
    expect(look.outcome === 'listed' && (await identifyEngine(replica, look, probe))).toBe('openai');
    expect(await isKeyporter(demo.url, probe)).toBe(true);
  });

  it.each<[unknown, number]>([
    ['{"messages":', 400],
    ['[]', 400],
    ['null', 400],
    [{}, 400],
    [{ messages: 'text' }, 400],
    [{ messages: [null, 7, { role: 'user', content: { deep: [[[[[['x']]]]]] } }] }, 200],
    [
      {
        messages: [{ role: 'user', content: 'x'.repeat(100_000) }],
        max_tokens: 'many',
        stream: 'yes',
        stream_options: 7,
      },
      200,
    ],
  ])('takes %j for what it is', async (body, status) => {
    const answer = await post(await start(), '/v1/chat/completions', body);
    expect(answer.status).toBe(status);
    expect(answer.body).toHaveProperty(status === 200 ? 'choices' : 'error.message');
  });

  it('ends a stream with its end mark', async () => {
    const demo = await start();
    const answer = await fetch(`${demo.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.apiKey.reveal()}` },
      body: JSON.stringify({ ...QUESTION, stream: true }),
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect((await answer.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('stops at once when the client hangs up', async () => {
    const cancelled = deferred();
    let waiting = 0;
    const clock: Clock = {
      ...systemClock,
      after(delayMs, fire) {
        waiting += 1;
        const cancel = systemClock.after(delayMs, () => {
          waiting -= 1;
          fire();
        });
        return () => {
          waiting -= 1;
          cancel();
          cancelled.resolve();
        };
      },
    };
    const demo = await start({ clock, pauseMs: 3_600_000 });
    const abort = new AbortController();
    const answer = await fetch(`${demo.url}/v1/chat/completions`, {
      method: 'POST',
      signal: abort.signal,
      headers: { authorization: `Bearer ${demo.apiKey.reveal()}` },
      body: JSON.stringify({ ...QUESTION, stream: true }),
    });
    await answer.body?.getReader().read();
    abort.abort();
    await within(1000, 'the end of the pause', cancelled.promise);
    expect(waiting).toBe(0);
  });
});
