import type { Clock } from '../core/clock.js';
import type { RequestLog, RequestRow } from '../usage/request-row.js';
import type { Exchange } from './exchange.js';

/** Reads the finished record of a request once and hands its row to the log. Housekeeping is not logged, refusals are. */
export function createAccount(requests: RequestLog, clock: Clock): (exchange: Exchange) => void {
  return (exchange) => {
    if (exchange.route.logged) requests.record(rowOf(exchange, clock.monotonic() - exchange.startedAt));
  };
}

function rowOf(exchange: Exchange, durationMs: number): RequestRow {
  const { request, caller } = exchange;
  return {
    id: exchange.id,
    startedAtMs: exchange.startedAtMs,
    method: request.method,
    path: request.path,
    status: exchange.status,
    code: exchange.code,
    reason: exchange.reason,
    keyId: caller?.id ?? null,
    previousSecret: caller?.secretSlot === 'previous',
    owner: caller?.owner ?? null,
    address: request.address,
    model: exchange.model?.name ?? null,
    replica: exchange.attempts > 0 ? (exchange.replica?.url ?? null) : null,
    streamed: exchange.head?.stream ?? false,
    firstByteMs: exchange.firstByteMs,
    durationMs,
    bytesIn: exchange.upload?.received ?? exchange.body?.length ?? 0,
    bytesOut: exchange.bytesOut,
    attempts: exchange.attempts,
    correlationId: request.correlationId,
    userAgent: request.userAgent,
  };
}
