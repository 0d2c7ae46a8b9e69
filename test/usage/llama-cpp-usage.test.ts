import { describe, expect, it } from 'vitest';
import type { Counted, MeterSettings } from '../../src/usage/meter.js';
import { createMeter } from '../../src/usage/readers/create-meter.js';
import { readFixture } from '../engines/llama-cpp/fixture.js';

interface Reading {
  counted: Counted;
  /** Bytes that travel on. */
  sent: Buffer;
  body: Buffer;
}

/** An answer of the server, in pieces of `size` events, or of bytes where it is no stream. */
async function read(name: string, words: MeterSettings['words'], size: number): Promise<Reading> {
  const { body, header } = await readFixture(name);
  const contentType = header('content-type') ?? '';
  const stream = contentType.startsWith('text/event-stream');
  const meter = createMeter({
    words,
    contentType,
    stream,
    hideUsage: true,
    countOutput: !name.startsWith('embedding'),
  });
  const sent = pieces(body, stream, size).map((piece) => meter.push(piece));
  return { counted: meter.counted(), sent: Buffer.concat(sent), body };
}

function pieces(body: Buffer, stream: boolean, size: number): Buffer[] {
  const units = stream
    ? body
        .toString()
        .split(/(?<=\n\n)/)
        .map((event) => Buffer.from(event))
    : [...body].map((byte) => Buffer.from([byte]));
  const joined: Buffer[] = [];
  for (let at = 0; at < units.length; at += size) joined.push(Buffer.concat(units.slice(at, at + size)));
  return joined;
}

describe('what a real llama.cpp server sends', () => {
  it.each<[string, MeterSettings['words'], number | null, number, Counted['certainty']]>([
    ['chat', 'openai', 37, 8, 'reported'],
    ['chat-ended', 'openai', 37, 1, 'reported'],
    ['chat-logprobs', 'openai', 37, 2, 'reported'],
    ['chat-stream', 'openai', 37, 8, 'reported'],
    ['chat-stream-ended', 'openai', 37, 1, 'reported'],
    ['chat-stream-timings', 'openai', 37, 3, 'reported'],
    ['chat-stream-usage', 'openai', 37, 8, 'reported'],
    // It tells of each choice by itself, in one piece of the first alone.
    ['chat-stream-two-choices', 'openai', 74, 6, 'reported'],
    ['chat-two-choices', 'openai', 74, 16, 'estimated'],
    ['completions', 'openai', 6, 8, 'reported'],
    ['completions-stream', 'openai', 6, 8, 'reported'],
    ['completions-stream-usage', 'openai', 6, 8, 'reported'],
    ['completions-two-prompts', 'openai', 12, 8, 'estimated'],
    ['completion', 'llama.cpp', 6, 8, 'reported'],
    ['completion-stream', 'llama.cpp', 6, 8, 'reported'],
    ['completion-two-prompts', 'llama.cpp', 12, 8, 'reported'],
    ['completion-fields-left-out', 'llama.cpp', null, 7, 'estimated'],
    ['infill-stream', 'llama.cpp', 9, 4, 'reported'],
    ['messages', 'anthropic', 22, 8, 'reported'],
    ['messages-stream', 'anthropic', 22, 8, 'reported'],
    ['responses', 'responses', 22, 8, 'reported'],
    ['responses-stream', 'responses', 22, 8, 'reported'],
    ['embeddings', 'openai', 6, 0, 'reported'],
    ['embeddings-two-inputs', 'openai', 12, 0, 'reported'],
    ['embedding', 'llama.cpp', null, 0, 'estimated'],
  ])('%s is read however it is cut', async (name, words, inputTokens, outputTokens, certainty) => {
    for (const size of [1, 2, 7, 10_000]) {
      const { counted } = await read(name, words, size);
      expect(counted).toMatchObject({ inputTokens, outputTokens, certainty });
    }
  });

  it.each(['chat-stream', 'chat-stream-usage', 'chat-stream-two-choices', 'completions-stream-usage'])(
    '%s travels on whole but for the events that hold nothing but usage',
    async (name) => {
      const { sent, body } = await read(name, 'openai', 3);
      const kept = body
        .toString()
        .split(/(?<=\n\n)/)
        .filter((event) => !event.includes('"choices":[],'));
      expect(sent.toString()).toBe(kept.join(''));
    },
  );

  it.each<[string, MeterSettings['words'], number]>([
    ['chat-stream', 'openai', 8],
    ['completions-stream', 'openai', 8],
    ['completion-stream', 'llama.cpp', 8],
    ['messages-stream', 'anthropic', 8],
    ['responses-stream', 'responses', 8],
  ])('%s is counted live, token by token', async (name, words, tokens) => {
    const { body } = await readFixture(name);
    const meter = createMeter({
      words,
      contentType: 'text/event-stream',
      stream: true,
      hideUsage: true,
      countOutput: true,
    });
    const seen = pieces(body, true, 1).map((event) => {
      meter.push(event);
      return meter.outputTokens;
    });
    expect([...new Set(seen)].filter((passed) => passed > 0)).toEqual(
      Array.from({ length: tokens }, (_, at) => at + 1),
    );
  });
});
