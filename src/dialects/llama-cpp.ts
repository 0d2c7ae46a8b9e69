import type { Dialect } from '../core/exchange.js';
import { errorKind, STREAM_ENDS } from '../core/errors.js';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
};

function typeOf(status: number): string {
  return TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
}

/** The routes of llama.cpp's server that no other contract has. */
export const llamaCpp: Dialect = {
  requestIdHeader: null,
  errorType: 'application/json; charset=utf-8',
  errorBody: ({ status, publicMessage }) =>
    JSON.stringify({ error: { code: status, message: publicMessage, type: typeOf(status) } }),
  lastEvent(end, sentence) {
    const status = end in STREAM_ENDS ? 500 : (errorKind(end)?.status ?? 500);
    const error = { code: status, message: sentence, type: typeOf(status), reason: end };
    return `data: ${JSON.stringify({ error })}\n\n`;
  },
  saidEvent({ message, type, code }) {
    const error = { code: code ?? 502, message, type: type ?? typeOf(502), reason: 'upstream_error' };
    return `data: ${JSON.stringify({ error })}\n\n`;
  },
  endMarks: [
    '"stop":true',
    '"stop": true',
    'data: [DONE]',
    'data: {"error"',
    'data:{"error"',
    'error: {',
    'event: error',
  ].map((mark) => Buffer.from(mark)),
  heartbeat: ': keepalive\n\n',
};

/** Those of them that answer in one piece. */
const { heartbeat: _, ...withoutHeartbeat } = llamaCpp;
export const llamaCppPlain: Dialect = { ...withoutHeartbeat, endMarks: [] };
