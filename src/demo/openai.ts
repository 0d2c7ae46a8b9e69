import { createHash } from 'node:crypto';
import { countTokens, DEMO_MODEL, frame, textIn, type Answer, type Body, type Frame } from './answer.js';

const FINGERPRINT = 'keyporter-demo';
const DONE: Frame = { text: 'data: [DONE]\n\n', paced: false };
const EMBEDDING_SIZE = 16;
const LARGEST_EMBEDDING = 1024;

export function modelList(created: number): object {
  return { object: 'list', data: [modelEntry(created)] };
}

export function modelEntry(created: number): object {
  return { id: DEMO_MODEL, object: 'model', created, owned_by: 'keyporter-demo' };
}

export function chatCompletion(answer: Answer): object {
  const message = { role: 'assistant', content: answer.words.join(''), refusal: null };
  return {
    ...chatHead(answer, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(answer) }],
    usage: usageOf(answer),
  };
}

/** Chunks of a streamed chat; with `stream_options.include_usage` one more with the usage and no choice. */
export function chatFrames(answer: Answer, body: Body): Frame[] {
  const head = chatHead(answer, 'chat.completion.chunk');
  const withUsage = wantsUsage(body);
  const chunk = (delta: object, finish: string | null, paced: boolean): Frame =>
    frame(
      {
        ...head,
        choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
        ...(withUsage ? { usage: null } : {}),
      },
      { paced },
    );
  return [
    chunk({ role: 'assistant', content: '' }, null, false),
    ...answer.words.map((content) => chunk({ content }, null, true)),
    chunk({}, finishReason(answer), false),
    ...(withUsage ? [frame({ ...head, choices: [], usage: usageOf(answer) })] : []),
    DONE,
  ];
}

export function textCompletion(answer: Answer): object {
  return {
    ...textHead(answer),
    choices: [{ text: answer.words.join(''), index: 0, logprobs: null, finish_reason: finishReason(answer) }],
    usage: usageOf(answer),
  };
}

export function textFrames(answer: Answer, body: Body): Frame[] {
  const withUsage = wantsUsage(body);
  const chunk = (text: string, finish: string | null, paced: boolean): Frame =>
    frame(
      {
        ...textHead(answer),
        choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
        ...(withUsage ? { usage: null } : {}),
      },
      { paced },
    );
  return [
    ...answer.words.map((text) => chunk(text, null, true)),
    chunk('', finishReason(answer), false),
    ...(withUsage ? [frame({ ...textHead(answer), choices: [], usage: usageOf(answer) })] : []),
    DONE,
  ];
}

/** Small vectors of length 1 that depend on the text alone, as floats or as base64 of 32-bit floats. Null = the body names no input. */
export function embeddings(body: Body): object | null {
  const inputs = embeddingInputs(body['input']);
  if (inputs === null) return null;
  const size = sizeOf(body['dimensions']);
  const data = inputs.map((text, index) => {
    const vector = vectorOf(text, size);
    const embedding =
      body['encoding_format'] === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
    return { object: 'embedding', index, embedding };
  });
  const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  return { object: 'list', data, model: DEMO_MODEL, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** A text, several texts, token numbers, or several lists of them. */
function embeddingInputs(input: unknown): string[] | null {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) return null;
  if (typeof input[0] === 'number') return [input.join(' ')];
  return input.map((entry: unknown) => (Array.isArray(entry) ? entry.join(' ') : textIn(entry)));
}

function sizeOf(dimensions: unknown): number {
  return typeof dimensions === 'number' && Number.isInteger(dimensions) && dimensions > 0
    ? Math.min(dimensions, LARGEST_EMBEDDING)
    : EMBEDDING_SIZE;
}

function vectorOf(text: string, size: number): number[] {
  const bytes = createHash('shake256', { outputLength: size * 2 })
    .update(text)
    .digest();
  const raw = Array.from({ length: size }, (_, index) => bytes.readInt16LE(index * 2) || 1);
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}

function chatHead({ id, created }: Answer, object: string): object {
  return { id: `chatcmpl-demo-${id}`, object, created, model: DEMO_MODEL, system_fingerprint: FINGERPRINT };
}

function textHead({ id, created }: Answer): object {
  return {
    id: `cmpl-demo-${id}`,
    object: 'text_completion',
    created,
    model: DEMO_MODEL,
    system_fingerprint: FINGERPRINT,
  };
}

function usageOf({ inputTokens, words }: Answer): object {
  return { prompt_tokens: inputTokens, completion_tokens: words.length, total_tokens: inputTokens + words.length };
}

function finishReason({ cut }: Answer): string {
  return cut ? 'length' : 'stop';
}

function wantsUsage(body: Body): boolean {
  return (body['stream_options'] as { include_usage?: unknown } | null | undefined)?.include_usage === true;
}
