import type { RequestRow } from '../../src/usage/request-row.js';

/** A finished request as any other, with these differences. */
export function requestRow(changes: Partial<RequestRow> = {}): RequestRow {
  return {
    id: 'req_0',
    startedAtMs: 0,
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    code: null,
    reason: null,
    keyId: 'Hx81kTzPq02a',
    previousSecret: false,
    owner: null,
    address: '192.0.2.1',
    model: 'm',
    replica: null,
    streamed: false,
    firstByteMs: null,
    durationMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    attempts: 1,
    correlationId: null,
    userAgent: null,
    ...changes,
  };
}
