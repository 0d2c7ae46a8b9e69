import { headerValue, HOP_BY_HOP, type FlatHeaders } from '../core/headers.js';

/** What the model server's own headers say about its answer, and those of them that travel on. */
export interface AnswerHead {
  /** Flat, to be extended by the caller of this. */
  headers: string[];
  contentType: string;
  contentLength: string | null;
  /** False when the answer ends with its connection and nothing else tells that it is whole. */
  framed: boolean;
  /** Set when the head cannot be believed; a sentence for operators. */
  fault: string | null;
  /** It tells of limits of its own, in names in which we may tell of ours. */
  tellsLimits: boolean;
}

const DROPPED = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'set-cookie2',
  'server',
  'x-powered-by',
  'alt-svc',
  'x-request-id',
  'request-id',
  'via',
  'strict-transport-security',
  'clear-site-data',
  'content-security-policy',
  'refresh',
  'link',
  'nel',
  'report-to',
]);

/** Reads the headers of an answer, whose framing the transport has judged. What nobody asked for makes the whole answer unusable. */
export function readAnswerHeaders(headers: FlatHeaders): AnswerHead {
  const answer: AnswerHead = {
    headers: [],
    contentType: '',
    contentLength: null,
    framed: false,
    fault: null,
    tellsLimits: false,
  };
  let named: Set<string> | null = null;
  let chunked = false;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'connection')
      named = new Set(
        value
          .toLowerCase()
          .split(',')
          .map((part) => part.trim()),
      );
    if (lower === 'transfer-encoding') chunked = true;
    if (lower === 'content-encoding' && value.toLowerCase() !== 'identity')
      answer.fault = `a compressed answer (${value.slice(0, 32)}) that was not asked for`;
    if (lower === 'content-type') answer.contentType = value;
    if (lower === 'content-length') answer.contentLength = value;
    if (lower.startsWith('x-ratelimit-') || lower.startsWith('anthropic-ratelimit-')) answer.tellsLimits = true;
    if (!DROPPED.has(lower) && !lower.startsWith('access-control-')) answer.headers.push(name, value);
  }
  if (named !== null) answer.headers = withoutNamed(answer.headers, named);
  answer.framed = chunked || answer.contentLength !== null;
  return answer;
}

const LENGTH: ReadonlySet<string> = new Set(['content-length']);

function withoutNamed(headers: string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!named.has(name.toLowerCase())) kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}

/** A status that is never passed on, in words for operators; null for any other. */
export function faultyStatus(status: number): string | null {
  if (status > 599) return `status ${status}`;
  return status >= 300 && status < 400 ? `a redirect (status ${status}), which is never followed` : null;
}

/** The headers the client gets: those of the answer, ours, and for a stream those that keep it flowing. */
export function withOwnHeaders(answer: AnswerHead, own: readonly string[], isStream: boolean): string[] {
  // Events are left out of a stream and put into it: a length it came with is not the one it has.
  const isMeasured = isStream && answer.contentLength !== null;
  const measured = isMeasured ? withoutNamed(answer.headers, LENGTH) : answer.headers;
  const headers = answer.tellsLimits ? withoutNamed(measured, new Set(own.filter((_, at) => at % 2 === 0))) : measured;
  for (const part of own) headers.push(part);
  if (!isStream) return headers;
  headers.push('x-accel-buffering', 'no');
  if (headerValue(headers, 'cache-control') === undefined) headers.push('cache-control', 'no-cache, no-transform');
  return headers;
}
