import type { Dialect } from '../core/exchange.js';
import { ERRORS, STREAM_ENDS, type ErrorCode, type Refusal, type StreamEnd } from '../core/errors.js';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function typeOf(status: number): string {
  return TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

function typeOfEnd(end: StreamEnd | ErrorCode): string {
  if (end === 'insufficient_quota') return 'rate_limit_error';
  return isRefusal(end) ? typeOf(ERRORS[end].status) : 'api_error';
}

/** A budget that is gone has the type of a rate: only this tells them apart. */
function detailsOf({ code }: Refusal): { details?: { error_code: string } } {
  return code === 'insufficient_quota' ? { details: { error_code: code } } : {};
}

function isRefusal(end: StreamEnd | ErrorCode): end is Exclude<ErrorCode, StreamEnd> {
  return !(end in STREAM_ENDS);
}

/** The Messages API of Anthropic. */
export const anthropic: Dialect = {
  requestIdHeader: 'request-id',
  errorType: 'application/json',
  errorBody(refusal, requestId) {
    const error = { type: typeOf(refusal.status), message: refusal.publicMessage, ...detailsOf(refusal) };
    return JSON.stringify({ type: 'error', error, request_id: requestId });
  },
  lastEvent(end, sentence, requestId) {
    const error = {
      type: typeOfEnd(end),
      message: sentence,
      details: { error_code: end },
    };
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error, request_id: requestId })}\n\n`;
  },
  saidEvent({ message, type }, requestId) {
    const error = { type: type ?? 'api_error', message, details: { error_code: 'upstream_error' } };
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error, request_id: requestId })}\n\n`;
  },
  endMarks: ['event: message_stop', '"type":"message_stop"', '"type": "message_stop"', 'event: error'].map((mark) =>
    Buffer.from(mark),
  ),
  // Comments are no sign of life to every client of this API.
  heartbeat: 'event: ping\ndata: {"type":"ping"}\n\n',
};
