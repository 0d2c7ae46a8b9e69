import type { Dialect } from '../core/exchange.js';
import { ERRORS, type Refusal } from '../core/errors.js';

/** Errors as OAuth words them (RFC 6749, section 5.2), for token introspection. It has no streams. */
export const oauth: Dialect = {
  requestIdHeader: null,
  errorType: 'application/json',
  errorBody: (refusal) => JSON.stringify({ error: wordFor(refusal), error_description: refusal.publicMessage }),
  lastEvent: () => '',
  endMarks: [],
};

function wordFor({ code }: Refusal): string {
  const { status } = ERRORS[code];
  if (status === 401) return 'invalid_client';
  if (status === 403) return 'insufficient_scope';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
