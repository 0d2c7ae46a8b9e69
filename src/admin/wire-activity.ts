import type { RequestRow } from '../usage/request-row.js';
import type { AuditEntryBody, RequestRowBody, StreamBody } from './contract-activity.js';
import type { AuditEntry, RunningRequest } from './ports.js';

export function requestToWire(row: RequestRow): RequestRowBody {
  return {
    id: row.id,
    started_at: Math.floor(row.startedAtMs / 1000),
    method: row.method,
    path: row.path,
    status: row.status,
    code: row.code,
    reason: row.reason,
    key_id: row.keyId,
    previous_secret: row.previousSecret,
    owner: row.owner,
    address: row.address,
    model: row.model,
    replica: row.replica,
    streamed: row.streamed,
    first_byte_ms: row.firstByteMs,
    duration_ms: row.durationMs,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    attempts: row.attempts,
    correlation_id: row.correlationId,
    user_agent: row.userAgent,
  };
}

export function streamToWire(running: RunningRequest): StreamBody {
  return {
    id: running.id,
    key_id: running.keyId,
    owner: running.owner,
    model: running.model,
    replica: running.replica,
    method: running.method,
    path: running.path,
    address: running.address,
    phase: running.phase,
    position: running.position,
    waiting_ms: running.waitingMs,
    started_at: running.startedAt,
    bytes_out: running.bytesOut,
  };
}

export function auditToWire(entry: AuditEntry): AuditEntryBody {
  return {
    sequence: entry.sequence,
    at: entry.at,
    actor: entry.actor,
    address: entry.address,
    request_id: entry.requestId,
    action: entry.action,
    target: entry.target,
    result: entry.result,
    details: entry.details,
    hash: entry.hash,
  };
}
