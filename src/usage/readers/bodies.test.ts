import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Counted, MeterSettings } from '../meter.js';
import { createMeter } from './create-meter.js';

function read(pieces: readonly Buffer[], settings: Partial<MeterSettings> = {}): Counted {
  const meter = createMeter({
    words: 'openai',
    contentType: 'application/json',
    stream: false,
    hideUsage: true,
    countOutput: true,
    ...settings,
  });
  for (const piece of pieces) expect(meter.push(piece)).toBe(piece);
  return meter.counted();
}

const readBody = (body: unknown, settings: Partial<MeterSettings> = {}): Counted =>
  read([Buffer.from(JSON.stringify(body))], settings);

const CHAT = {
  id: 'c',
  choices: [{ index: 0, message: { role: 'assistant', content: 'say "usage": {"completion_tokens": 99} \\' } }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12, prompt_tokens_details: { cached_tokens: 3 } },
};

describe('an answer in one piece', () => {
  it('tells the same wherever it is cut', () => {
    const bytes = Buffer.from(JSON.stringify(CHAT, null, 1));
    const whole = read([bytes]);
    expect(whole).toEqual({
      inputTokens: 5,
      outputTokens: 7,
      cachedTokens: 3,
      certainty: 'reported',
      gpuSeconds: null,
    });
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
    }
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it.each([
    ['in a text', { choices: [{ message: { content: '"usage":{"completion_tokens":9}' } }] }],
    ['deeper down', { data: { usage: { completion_tokens: 9 } }, list: [{ usage: { completion_tokens: 9 } }] }],
    ['in a list', { usage: [{ completion_tokens: 9 }] }],
    ['in a name that ends like it', { 'a"usage': { completion_tokens: 9 } }],
    ['as text', { usage: { completion_tokens: '9' } }],
    ['as nonsense', { usage: { completion_tokens: -9 } }],
  ])('does not take for usage what stands %s', (_, body) => {
    const bytes = Buffer.byteLength(JSON.stringify(body));
    expect(readBody(body)).toEqual({
      inputTokens: null,
      outputTokens: Math.ceil(bytes / 4),
      cachedTokens: null,
      certainty: 'estimated',
      gpuSeconds: null,
    });
  });

  it('that was cut off is estimated by what came', () => {
    const bytes = Buffer.from(JSON.stringify(CHAT)).subarray(0, -1);
    expect(read([bytes])).toMatchObject({ outputTokens: Math.ceil(bytes.length / 4), certainty: 'estimated' });
  });

  it('of vectors or scores has no output, and its prompt is what the engine tells', () => {
    const data = [{ embedding: [0.5, -1e-3] }];
    for (const usage of [
      { prompt_tokens: 5, total_tokens: 5 },
      { total_tokens: 5 },
      { prompt_tokens: 5, completion_tokens: 0 },
    ]) {
      for (const body of [
        { data, usage },
        { usage, data },
      ]) {
        expect(readBody(body, { countOutput: false })).toMatchObject({
          inputTokens: 5,
          outputTokens: 0,
          certainty: 'reported',
        });
      }
    }
    expect(readBody({ data }, { countOutput: false })).toMatchObject({
      inputTokens: null,
      outputTokens: 0,
      certainty: 'estimated',
    });
  });

  it('of pictures and transcriptions tells its tokens by other names', () => {
    const usage = { type: 'tokens', input_tokens: 14, input_token_details: { audio_tokens: 14 }, output_tokens: 45 };
    expect(readBody({ text: 'hello', usage })).toMatchObject({
      inputTokens: 14,
      outputTokens: 45,
      certainty: 'reported',
    });
  });

  it('that is sound or a picture has no tokens, and text is estimated by its size', () => {
    const bytes = Buffer.alloc(4000, 0x61);
    expect(read([bytes], { contentType: 'audio/mpeg' }).outputTokens).toBe(0);
    expect(read([bytes], { contentType: 'text/plain' })).toMatchObject({ outputTokens: 1000, certainty: 'estimated' });
  });

  it('with several answers of llama.cpp, which tells of the first alone, is estimated from that one', () => {
    const choices = [0, 1, 2].map((index) => ({ index, message: { content: 'a' } }));
    const timings = { prompt_n: 5, cache_n: 0, predicted_n: 7 };
    expect(readBody({ choices, usage: CHAT.usage, timings })).toMatchObject({
      outputTokens: 21,
      certainty: 'estimated',
    });
    expect(readBody({ choices, usage: CHAT.usage })).toMatchObject({ outputTokens: 7, certainty: 'reported' });
  });

  it('has the counts that building the whole object has, whatever else is in it and however it is cut', () => {
    const usage = fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() });
    const decoy = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('"usage":{"completion_tokens":1}', '\\', '"}', '{"usage":'),
      fc.record({ usage }),
    );
    const body = fc.tuple(fc.dictionary(fc.string(), decoy), usage, fc.dictionary(fc.string(), decoy));
    fc.assert(
      fc.property(
        body,
        fc.constantFrom(0, 2),
        fc.array(fc.nat(), { maxLength: 5 }),
        ([before, told, after], space, cuts) => {
          for (const rest of [before, after])
            for (const name of ['usage', 'timings', 'choices', '__proto__']) delete rest[name];
          const bytes = Buffer.from(JSON.stringify({ ...before, usage: told, ...after }, null, space));
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
          const pieces = places.slice(1).map((to, at) => bytes.subarray(places[at], to));
          expect(read(pieces)).toMatchObject({
            inputTokens: told.prompt_tokens,
            outputTokens: told.completion_tokens,
            certainty: 'reported',
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may be anything at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        const counted = read(pieces.map((piece) => Buffer.from(piece)));
        expect(counted.certainty).toBe('estimated');
      }),
    );
    for (const hostile of [
      '['.repeat(1e6),
      '{"a":'.repeat(2e5),
      `{"${'k'.repeat(1e6)}`,
      `{"usage":{"a":${'9'.repeat(1e6)}`,
      '"\\'.repeat(5e5),
    ]) {
      expect(read([Buffer.from(hostile)]).certainty).toBe('estimated');
    }
  });

  it('keeps no more of a piece than the beginning of a name or a number', () => {
    const long = Buffer.from(`{"a":"${'x'.repeat(1e6)}","usage":{"completion_to`);
    const rest = Buffer.from('kens":7,"prompt_tokens":5}}');
    expect(read([long, rest])).toMatchObject({ inputTokens: 5, outputTokens: 7 });
  });
});
