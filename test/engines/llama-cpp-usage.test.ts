import { expect, test } from 'vitest';
import type { MeterSettings } from '../../src/usage/meter.js';
import { createMeter } from '../../src/usage/readers/create-meter.js';
import { readFixture } from './llama-cpp/fixture.js';

type Words = MeterSettings['words'];

/**
 * Tokens of the prompts and of all answers together, by what was asked for. A prompt is counted for each of
 * its answers: nothing in an answer tells two prompts from two answers to one.
 */
const CASES: readonly [fixture: string, words: Words, input: number | null, output: number][] = [
  ['chat', 'openai', 37, 8],
  ['chat-ended', 'openai', 37, 1],
  ['chat-logprobs', 'openai', 37, 2],
  ['chat-two-choices', 'openai', 2 * 37, 16],
  ['chat-stream', 'openai', 37, 8],
  ['chat-stream-usage', 'openai', 37, 8],
  ['chat-stream-ended', 'openai', 37, 1],
  ['chat-stream-two-choices', 'openai', 2 * 37, 6],
  ['chat-stream-timings', 'openai', 37, 3],
  ['completions', 'openai', 6, 8],
  ['completions-two-prompts', 'openai', 12, 8],
  ['completions-stream', 'openai', 6, 8],
  ['completions-stream-usage', 'openai', 6, 8],
  ['messages', 'anthropic', 22, 8],
  ['messages-stream', 'anthropic', 22, 8],
  ['responses', 'responses', 22, 8],
  ['responses-stream', 'responses', 22, 8],
  ['completion', 'llama.cpp', 6, 8],
  ['completion-two-prompts', 'llama.cpp', 12, 8],
  ['completion-stream', 'llama.cpp', 6, 8],
  ['infill-stream', 'llama.cpp', 9, 4],
  ['embeddings', 'openai', 6, 0],
  ['embeddings-two-inputs', 'openai', 12, 0],
  ['embeddings-base64', 'openai', 6, 0],
];

test.each(CASES)('%s of a real llama.cpp is counted as what it cost', async (name, words, input, output) => {
  const { body, header } = await readFixture(name);
  const contentType = header('content-type') ?? '';
  const stream = contentType.startsWith('text/event-stream');
  const meter = createMeter({ words, contentType, stream, hideUsage: false, countOutput: output > 0 });
  expect(meter.push(body).equals(body)).toBe(true);
  const { inputTokens, outputTokens } = meter.counted();
  expect({ inputTokens, outputTokens }).toEqual({ inputTokens: input, outputTokens: output });
});
