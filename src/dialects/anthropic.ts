import type { Dialect } from '../core/exchange.js';
import { ERRORS } from '../core/errors.js';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
};

/** The Messages API of Anthropic. */
export const anthropic: Dialect = {
  requestIdHeader: 'request-id',
  errorType: 'application/json',
  errorBody(refusal, requestId) {
    const { status } = ERRORS[refusal.code];
    const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
    return JSON.stringify({ type: 'error', error: { type, message: refusal.publicMessage }, request_id: requestId });
  },
  lastEvent(end, sentence, requestId) {
    const error = {
      type: end === 'insufficient_quota' ? 'rate_limit_error' : 'api_error',
      message: sentence,
      details: { error_code: end },
    };
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error, request_id: requestId })}\n\n`;
  },
  endMarks: ['event: message_stop', '"type":"message_stop"', '"type": "message_stop"', 'event: error'].map((mark) =>
    Buffer.from(mark),
  ),
};
