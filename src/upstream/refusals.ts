import { Refusal, type StreamEnd } from '../core/errors.js';
import { faultyStatus, type AnswerHead } from './answer-headers.js';

/** A failure of the model server in words of ours, under the status it gave: what it said was not fit to pass on. */
export class StatusKept extends Error {
  readonly refusal: Refusal;
  readonly status: number;

  constructor(status: number, contentType: string) {
    super(`status ${status}`);
    this.refusal = new Refusal('upstream_error', {
      status,
      message: `The model server failed with status ${status}.`,
      reason: `status ${status} with ${contentType === '' ? 'no content type' : contentType}`,
    });
    this.status = status;
  }
}

/** Why the head of an answer cannot be passed on; null when it can. `leak` names a secret of ours in it. */
export function unfitHead(
  status: number,
  { fault, contentType }: AnswerHead,
  leak: string | null,
): Refusal | StatusKept | null {
  const wrong = fault ?? faultyStatus(status) ?? leak;
  if (wrong !== null) return new Refusal('upstream_error', { reason: `the model server sent ${wrong}` });
  const type = contentType.toLowerCase();
  return status >= 500 && !type.includes('json') ? new StatusKept(status, type) : null;
}

/** What a client hears whose request is ended before any of the answer was sent. */
export function refusalBefore(end: StreamEnd, reason: string): Refusal {
  if (end === 'key_revoked' || end === 'key_disabled' || end === 'key_expired')
    return new Refusal('invalid_api_key', { reason, inStream: end });
  if (end === 'server_shutting_down')
    return new Refusal('shutting_down', { reason, inStream: end, headers: ['retry-after', '5'] });
  const code = end === 'insufficient_quota' ? end : 'request_ended';
  return new Refusal(code, { reason, inStream: end, headers: ['x-should-retry', 'false'] });
}

/** The server took too long. Clients would ask it again by themselves, twice, for what is too slow once. */
export function timedOut(reason: string): Refusal {
  return new Refusal('upstream_timeout', { reason, headers: ['x-should-retry', 'false'] });
}
