import { Refusal, type ErrorCode } from '../core/errors.js';
import { BrokenAnswer } from './broken-answer.js';

interface Failure {
  code: ErrorCode;
  /** What went wrong, for operators. */
  reason: string;
}

/** Seconds a client is asked to wait when no server is there; the finder looks again at about this pace. */
const RETRY_AFTER_SECONDS = 10;

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the model server refused the connection; is it running?',
  ENOTFOUND: 'the host name of the model server is unknown',
  EAI_AGAIN: 'the host name of the model server could not be looked up now',
  EHOSTUNREACH: 'the host of the model server cannot be reached',
  ENETUNREACH: 'the network of the model server cannot be reached',
  ETIMEDOUT: 'the connection to the model server timed out',
  EADDRNOTAVAIL: 'no local port was free for a connection to the model server',
  CONNECT_TIMEOUT: 'the model server did not take the connection in time',
};

/** Nothing came back from there in time. */
const LATE: ReadonlySet<string> = new Set(['ETIMEDOUT', 'CONNECT_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH']);
/** This machine has run out of something. */
const HERE: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'UNSENDABLE_REQUEST',
]);

/** How a connection failed on which nothing was sent; `here` = for a reason of this machine. */
export function missedBy(error: Error): 'refused' | 'late' | 'here' {
  const code = errorCode(error);
  if (HERE.has(code)) return 'here';
  return LATE.has(code) ? 'late' : 'refused';
}

/** Reads an error of the transport, by its code and never by its text. */
export function readFailure(error: Error, sent: boolean): Failure {
  const code = errorCode(error);
  if (!sent) {
    const reason = UNREACHABLE[code] ?? `no connection to the model server (${code})`;
    return { code: 'no_available_replica', reason };
  }
  if (error instanceof BrokenAnswer)
    return { code: 'upstream_error', reason: `the model server sent something that is not HTTP: ${error.message}` };
  return { code: 'upstream_error', reason: `the model server closed the connection before it answered (${code})` };
}

export function refusalOf(failure: Failure, cause: Error): Refusal {
  const headers = failure.code === 'no_available_replica' ? ['retry-after', String(RETRY_AFTER_SECONDS)] : [];
  return new Refusal(failure.code, { reason: failure.reason, headers, cause });
}

/** The stable code of an error or of the innermost error that has one. */
function errorCode(error: Error): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause instanceof Error ? errorCode(cause) : error.name;
}
