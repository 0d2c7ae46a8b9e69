import type { Dialect } from '../core/exchange.js';
import { ERRORS, type ErrorCode } from '../core/errors.js';

/** Missing and wrong keys get the same bytes. */
export const INVALID_KEY = 'Invalid or missing API key. Please provide a valid X-API-Key header.';

/** Texts of the original, where it has one. */
const TEXTS: Partial<Record<ErrorCode, string>> = {
  missing_api_key: INVALID_KEY,
  invalid_api_key: INVALID_KEY,
  unknown_url: 'Not Found',
  method_not_allowed: 'Method Not Allowed',
};
/** What is worded here whatever the place that refuses said. */
const ALWAYS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['missing_api_key', 'unknown_url', 'method_not_allowed']);

/** Orchestra's balancer: no challenge goes with its 401. Its answers come in one piece, so no stream of theirs is ever broken off. */
export const orchestra: Dialect = {
  requestIdHeader: null,
  errorType: 'application/json',
  unchallenged: true,
  errorBody({ code, publicMessage }) {
    const own = ALWAYS.has(code) || publicMessage === ERRORS[code].message;
    return JSON.stringify({ detail: (own ? TEXTS[code] : undefined) ?? publicMessage });
  },
  lastEvent: () => '',
  endMarks: [],
};
