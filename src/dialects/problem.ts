import type { Dialect } from '../core/exchange.js';
import { ERRORS } from '../core/errors.js';

/** Problem details (RFC 9457), the words of the admin API. It has no streams that we break off. */
export const problem: Dialect = {
  requestIdHeader: null,
  errorType: 'application/problem+json',
  errorBody(refusal, requestId) {
    const { status, message } = ERRORS[refusal.code];
    return JSON.stringify({ type: 'about:blank', title: message, status, code: refusal.code, detail: refusal.publicMessage, request_id: requestId });
  },
  lastEvent: () => '',
  endMarks: [],
};
