import { describe, expect, it } from 'vitest';
import type { Counted, MeterSettings } from '../meter.js';
import { createMeter } from './create-meter.js';

const SSE = 'text/event-stream';
const LINES = 'application/x-ndjson';
const JSON_BODY = 'application/json';

function read(words: MeterSettings['words'], contentType: string, pieces: readonly string[]): Counted {
  const stream = contentType !== JSON_BODY;
  const meter = createMeter({ words, contentType, stream, hideUsage: false, countOutput: true });
  for (const piece of pieces) expect(meter.push(Buffer.from(piece)).toString()).toBe(piece);
  return meter.counted();
}

const named = (data: { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const events = (...list: unknown[]): string[] => list.map((data) => `data: ${JSON.stringify(data)}\n\n`);
const lines = (...list: unknown[]): string[] => list.map((data) => `${JSON.stringify(data)}\n`);

describe('Responses', () => {
  const usage = { input_tokens: 9, input_tokens_details: { cached_tokens: 4 }, output_tokens: 6, total_tokens: 15 };
  const stream = [
    { type: 'response.created', response: { id: 'r', output: [], usage: null } },
    { type: 'response.output_item.added', output_index: 0, item: { id: 'm', content: [] } },
    { type: 'response.reasoning_text.delta', delta: 'a' },
    { type: 'response.output_text.delta', delta: 'b', logprobs: [] },
    { type: 'response.function_call_arguments.delta', delta: '{' },
    { type: 'response.output_text.delta', delta: '' },
    { type: 'response.output_text.done', text: 'b' },
    { type: 'response.content_part.done', part: { type: 'output_text', text: 'b' } },
  ].map(named);

  it('counts what comes as a delta', () => {
    expect(read('responses', SSE, stream)).toMatchObject({ inputTokens: null, outputTokens: 3, certainty: 'counted' });
  });

  it.each(['response.completed', 'response.incomplete', 'response.failed'])('takes the usage of %s', (type) => {
    expect(read('responses', SSE, [...stream, named({ type, ...{ response: { id: 'r', usage } } })])).toEqual({
      inputTokens: 9,
      outputTokens: 6,
      cachedTokens: 4,
      certainty: 'reported',
      gpuSeconds: null,
    });
  });

  it('takes the usage of an answer in one piece', () => {
    const body = JSON.stringify({ id: 'r', output: [{ content: [{ text: 'b' }] }], usage, metadata: {} });
    expect(read('responses', JSON_BODY, [body])).toMatchObject({ inputTokens: 9, outputTokens: 6, cachedTokens: 4 });
  });
});

describe('Anthropic', () => {
  const start = named({
    type: 'message_start',
    ...{
      message: {
        content: [],
        usage: { input_tokens: 10, cache_creation_input_tokens: 3, cache_read_input_tokens: 20, output_tokens: 1 },
      },
    },
  });
  const delta = (index: number, of: object): string => named({ type: 'content_block_delta', ...{ index, delta: of } });
  const stream = [
    start,
    named({ type: 'content_block_start', ...{ index: 0, content_block: { type: 'text', text: '' } } }),
    named({ type: 'ping' }),
    delta(0, { type: 'thinking_delta', thinking: 'a' }),
    delta(0, { type: 'signature_delta', signature: 'xxxx' }),
    delta(1, { type: 'text_delta', text: 'b' }),
    delta(2, { type: 'input_json_delta', partial_json: '{"a"' }),
    delta(2, { type: 'input_json_delta', partial_json: '' }),
  ];
  const end = (usage: object): string =>
    named({ type: 'message_delta', ...{ delta: { stop_reason: 'end_turn' }, usage } });

  it('counts deltas, and the prompt with what came from the cache and went into it', () => {
    expect(read('anthropic', SSE, stream)).toEqual({
      inputTokens: 33,
      outputTokens: 3,
      cachedTokens: 20,
      certainty: 'counted',
      gpuSeconds: null,
    });
  });

  it('takes the running total at the end, and keeps the prompt that was told at the beginning', () => {
    for (const usage of [
      { output_tokens: 8 },
      { input_tokens: 0, output_tokens: 8 },
      { input_tokens: 10, output_tokens: 8 },
    ]) {
      expect(read('anthropic', SSE, [...stream, end(usage), named({ type: 'message_stop' })])).toMatchObject({
        inputTokens: 33,
        outputTokens: 8,
        certainty: 'reported',
      });
    }
  });

  it('takes the usage of an answer in one piece', () => {
    const usage = { cache_read_input_tokens: 2, input_tokens: 5, output_tokens: 4 };
    expect(read('anthropic', JSON_BODY, [JSON.stringify({ content: [{ text: 'a' }], usage })])).toMatchObject({
      inputTokens: 7,
      outputTokens: 4,
      cachedTokens: 2,
    });
  });
});

describe('Ollama', () => {
  const last = {
    done: true,
    done_reason: 'stop',
    total_duration: 5e9,
    load_duration: 1e9,
    prompt_eval_count: 11,
    prompt_eval_duration: 1e9,
    eval_count: 5,
    eval_duration: 2_500_000_000,
  };
  const reported = { inputTokens: 11, outputTokens: 5, cachedTokens: null, certainty: 'reported', gpuSeconds: 3.5 };

  it('counts lines with text of chat and generate', () => {
    const chat = lines(
      { message: { role: 'assistant', content: '', thinking: 'a' }, done: false },
      { message: { role: 'assistant', content: 'b' }, done: false },
      { message: { role: 'assistant', content: '' }, done: false },
      {
        message: { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] },
        done: false,
      },
    );
    expect(read('ollama', LINES, chat)).toMatchObject({ outputTokens: 3, inputTokens: null, certainty: 'counted' });
    expect(read('ollama', LINES, [...chat, ...lines({ message: { content: '' }, ...last })])).toEqual(reported);
    const generate = lines({ response: 'a', done: false }, { response: '', thinking: 'b', done: false });
    expect(read('ollama', LINES, generate)).toMatchObject({ outputTokens: 2, certainty: 'counted' });
    expect(read('ollama', LINES, [[...generate, ...lines({ response: '', ...last })].join('')])).toEqual(reported);
  });

  it('takes the counts of an answer in one piece, behind a long context', () => {
    const body = JSON.stringify({ response: 'a', context: Array.from({ length: 5000 }, (_, at) => at), ...last });
    expect(read('ollama', JSON_BODY, [body])).toEqual(reported);
  });

  it('leaves the prompt open when it was in the cache and is not told', () => {
    expect(read('ollama', JSON_BODY, [JSON.stringify({ response: 'a', eval_count: 5 })])).toMatchObject({
      inputTokens: null,
      outputTokens: 5,
      certainty: 'reported',
    });
  });
});

describe('llama.cpp', () => {
  const timings = {
    cache_n: 4,
    prompt_n: 8,
    prompt_ms: 1500,
    prompt_per_token_ms: 1,
    predicted_n: 6,
    predicted_ms: 500,
  };

  it('counts live by its own numbers, each answer by itself', () => {
    const of = (index: number, tokens_predicted: number, content = 'a'): object => ({
      index,
      content,
      tokens: [1],
      stop: false,
      tokens_predicted,
      tokens_evaluated: 12,
    });
    const stream = events(of(0, 1), of(0, 2), of(1, 1), of(0, 3), of(1, 4));
    expect(read('llama.cpp', SSE, stream)).toMatchObject({ inputTokens: 24, outputTokens: 7, certainty: 'reported' });
  });

  it('takes the last event of a native stream, with the time it worked', () => {
    const last = {
      index: 0,
      content: '',
      stop: true,
      tokens_predicted: 6,
      tokens_evaluated: 12,
      tokens_cached: 17,
      timings,
    };
    expect(read('llama.cpp', SSE, events({ index: 0, content: 'a', stop: false }, last))).toEqual({
      inputTokens: 12,
      outputTokens: 6,
      cachedTokens: 4,
      certainty: 'reported',
      gpuSeconds: 2,
    });
  });

  it('takes every answer of a list', () => {
    const of = (index: number): object => ({
      index,
      content: 'a',
      tokens_predicted: 6,
      tokens_evaluated: 12,
      prompt: 'p',
      timings,
    });
    expect(read('llama.cpp', JSON_BODY, [JSON.stringify([of(0), of(1), of(2)])])).toMatchObject({
      inputTokens: 36,
      outputTokens: 18,
      cachedTokens: 12,
      gpuSeconds: 6,
    });
  });

  it('tells by its clock alone in a chat without usage', () => {
    const piece = { choices: [{ index: 0, delta: { content: 'a' } }] };
    const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], timings };
    expect(read('openai', SSE, events(piece, piece, finish))).toEqual({
      inputTokens: 12,
      outputTokens: 6,
      cachedTokens: 4,
      certainty: 'reported',
      gpuSeconds: 2,
    });
  });

  it('does not take what it worked through for the whole prompt where it does not tell what was cached', () => {
    const { cache_n, ...older } = timings;
    expect(cache_n).toBe(4);
    expect(read('openai', SSE, events({ choices: [], timings: older })).inputTokens).toBeNull();
  });

  it('adds up the usage of several answers, which come one by one', () => {
    const piece = (index: number): object => ({ choices: [{ index, delta: { content: 'a' } }] });
    const finish = (index: number): object => ({ choices: [{ index, delta: {}, finish_reason: 'stop' }] });
    const usage = { choices: [], usage: { prompt_tokens: 12, completion_tokens: 6 }, timings };
    const begun = events(piece(0), piece(1), piece(0), finish(0), usage, piece(1));
    expect(read('openai', SSE, begun)).toMatchObject({ outputTokens: 8, certainty: 'counted' });
    expect(read('openai', SSE, [...begun, ...events(finish(1), usage)])).toMatchObject({
      inputTokens: 24,
      outputTokens: 12,
      certainty: 'reported',
    });
  });
});

describe('answers of other words', () => {
  it('are estimated by their size, or taken by their usage where they have one', () => {
    const body = JSON.stringify({ success: true, result: 'x'.repeat(100) });
    expect(read('own', JSON_BODY, [body])).toMatchObject({
      inputTokens: null,
      outputTokens: Math.ceil(body.length / 4),
      certainty: 'estimated',
    });
    const told = JSON.stringify({ result: 'x', usage: { prompt_tokens: 3, completion_tokens: 2 } });
    expect(read('own', JSON_BODY, [told])).toMatchObject({ inputTokens: 3, outputTokens: 2, certainty: 'reported' });
  });
});
