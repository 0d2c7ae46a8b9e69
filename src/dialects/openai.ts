import { errorKind } from '../core/errors.js';
import type { Dialect } from '../core/exchange.js';

const marks = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Chat and completions of the OpenAI API. An error event the engine sent itself is an honest end too. */
export const openai: Dialect = {
  requestIdHeader: null,
  errorType: 'application/json',
  errorBody(refusal) {
    return JSON.stringify({
      error: { message: refusal.publicMessage, type: refusal.type, param: refusal.param, code: refusal.code },
    });
  },
  lastEvent(end, sentence) {
    const type = errorKind(end)?.type ?? 'server_error';
    return `data: ${JSON.stringify({ error: { message: sentence, type, param: null, code: end } })}\n\n`;
  },
  saidEvent: ({ message, type, param, code }) =>
    `data: ${JSON.stringify({ error: { message, type: type ?? 'server_error', param, code: code ?? 'upstream_error' } })}\n\n`,
  endMarks: marks(
    'data: [DONE]',
    'data:[DONE]',
    '"finish_reason":"',
    '"finish_reason": "',
    'data: {"error"',
    'data:{"error"',
    'event: error',
  ),
  heartbeat: ': keepalive\n\n',
};

/** The Responses API: the same refusals, named events in its streams. */
export const responses: Dialect = {
  ...openai,
  lastEvent: (end, sentence) =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', code: end, message: sentence, param: null })}\n\n`,
  saidEvent: ({ message, param, code }) =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', code: code ?? 'upstream_error', message, param })}\n\n`,
  endMarks: marks('response.completed', 'response.failed', 'response.incomplete', 'event: error', 'data: [DONE]'),
};

/** Answers in one piece: no stream of theirs has a known end mark. */
const { heartbeat: _, ...withoutHeartbeat } = openai;
export const plain: Dialect = { ...withoutHeartbeat, endMarks: [] };
