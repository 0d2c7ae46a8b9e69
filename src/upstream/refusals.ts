import { Refusal, type StreamEnd } from '../core/errors.js';

/** A failure of the model server in words of ours, under the status it gave: what it said was not fit to pass on. */
export class StatusKept extends Error {
  readonly refusal: Refusal;
  readonly status: number;

  constructor(status: number, contentType: string) {
    super(`status ${status}`);
    this.refusal = new Refusal('upstream_error', {
      message: `The model server failed with status ${status}.`,
      reason: `status ${status} with ${contentType === '' ? 'no content type' : contentType}`,
    });
    this.status = status;
  }
}

/** What a client hears whose request is ended before any of the answer was sent. */
export function refusalBefore(end: StreamEnd, reason: string): Refusal {
  if (end === 'key_revoked' || end === 'key_disabled' || end === 'key_expired')
    return new Refusal('invalid_api_key', { reason });
  if (end === 'server_shutting_down') return new Refusal('shutting_down', { reason, headers: ['retry-after', '5'] });
  if (end === 'insufficient_quota')
    return new Refusal('insufficient_quota', { reason, headers: ['x-should-retry', 'false'] });
  return new Refusal('request_ended', { reason, headers: ['x-should-retry', 'false'] });
}
