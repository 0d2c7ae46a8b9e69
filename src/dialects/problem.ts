import { STATUS_CODES } from 'node:http';
import { ERRORS } from '../core/errors.js';
import type { Dialect } from '../core/exchange.js';

/** Problem details (RFC 9457), the words of the admin API. It has no streams that we break off. */
export const problem: Dialect = {
  requestIdHeader: null,
  errorType: 'application/problem+json',
  errorBody(refusal, requestId) {
    const { status } = ERRORS[refusal.code];
    return JSON.stringify({
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code: refusal.code,
      detail: refusal.publicMessage,
      request_id: requestId,
    });
  },
  lastEvent: () => '',
  endMarks: [],
};
