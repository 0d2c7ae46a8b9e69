import type { Dialect } from '../core/exchange.js';
import { ERRORS } from '../core/errors.js';

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
  errorBody(refusal) {
    const { status } = ERRORS[refusal.code];
    return JSON.stringify({ error: { code: status, message: refusal.publicMessage, type: typeOf(status) } });
  },
  lastEvent(end, sentence) {
    return `data: ${JSON.stringify({ error: { code: 500, message: sentence, type: 'server_error', reason: end } })}\n\n`;
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
};

/** Those of them that answer in one piece. */
export const llamaCppPlain: Dialect = { ...llamaCpp, endMarks: [] };
