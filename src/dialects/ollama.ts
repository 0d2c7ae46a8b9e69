import type { Dialect } from '../core/exchange.js';

const marks = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Ollama's own API: errors are one sentence, streams are one JSON object a line. */
export const ollama: Dialect = {
  requestIdHeader: null,
  errorType: 'application/json; charset=utf-8',
  errorBody: (refusal) => JSON.stringify({ error: refusal.publicMessage }),
  lastEvent: (end, sentence) => `${JSON.stringify({ error: sentence, code: end })}\n`,
  endMarks: marks('"done":true', '"done": true', '{"error"'),
};
