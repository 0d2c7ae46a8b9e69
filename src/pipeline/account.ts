import type { Clock } from '../core/clock.js';
import type { RecentRing } from '../usage/recent-ring.js';
import type { Tracing } from '../tracing/tracing.js';
import type { RequestMetrics } from '../usage/request-metrics.js';
import type { RequestLog, RequestRow } from '../usage/request-row.js';
import type { Exchange } from './exchange.js';
import { createFinished } from './finished-request.js';
import { traceFinished } from './traced.js';

export interface AccountParts {
  requests: RequestLog;
  clock: Clock;
  /** Null = nobody wants them. */
  metrics: RequestMetrics | null;
  tracing: Tracing | null;
  /** For whoever watches in the web UI. */
  recent: RecentRing;
}

/**
 * Reads the finished record of a request once, counts it, and hands its row to the log. Housekeeping is counted
 * and not logged; refusals are both.
 */
export function createAccount({
  requests,
  clock,
  metrics,
  tracing,
  recent,
}: AccountParts): (exchange: Exchange) => void {
  const finished = createFinished();
  return (exchange) => {
    const { logged } = exchange.route;
    if (!logged && metrics === null) return;
    const durationMs = clock.monotonic() - exchange.startedAt;
    metrics?.count(finished(exchange, durationMs));
    if (logged && tracing !== null) traceFinished(exchange, durationMs, tracing);
    if (!logged) return;
    const row = rowOf(exchange, durationMs);
    requests.record(row);
    recent.add(row, exchange.admission?.settled ?? null);
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
