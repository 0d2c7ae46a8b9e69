import { headerValue } from '../core/headers.js';
import { maskKeys } from '../keys/scan.js';
import type { Replica } from '../replicas/model.js';
import { readTraceParent, readTraceState } from '../tracing/trace-context.js';
import type { RequestTrace, TraceAttributes, Tracing } from '../tracing/tracing.js';
import type { Exchange } from './exchange.js';
import { familyOf } from './finished-request.js';

/** Begins the span of a try on this replica. Answers the headers that tell the model server of the trace, flat. */
export function traceSending(
  exchange: Exchange,
  { replica, now }: { replica: Replica; now: number },
  tracing: Tracing,
): readonly string[] {
  const { port, hostname, protocol } = new URL(replica.url);
  return traceOf(exchange, tracing).sending({
    name: operationName(exchange),
    atMs: exchange.startedAtMs + now - exchange.startedAt,
    attributes: {
      ...genAiAttributes(exchange, replica),
      'server.address': hostname,
      'server.port': Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
      ...(exchange.attempts > 1 ? { 'http.request.resend_count': exchange.attempts - 1 } : {}),
    },
  });
}

/** Ends the trace of a request, and begins it too where nothing was sent. */
export function traceFinished(exchange: Exchange, durationMs: number, tracing: Tracing): void {
  const { status, code, caller, admission } = exchange;
  const settled = admission?.settled ?? null;
  const answered = code === null || exchange.firstByteMs !== null;
  const usage = settled === null ? {} : usageAttributes(settled);
  traceOf(exchange, tracing).finish({
    atMs: exchange.startedAtMs + durationMs,
    error: code ?? (status >= 400 ? String(status) : null),
    isFault: status >= 500 || (code !== null && code !== 'client_gone' && status < 400),
    attributes: {
      'http.response.status_code': status,
      ...(exchange.replica === null ? {} : genAiAttributes(exchange, exchange.replica)),
      ...usage,
      ...(caller?.kind === 'key' ? { 'keyporter.key.id': caller.id } : {}),
      'keyporter.attempts': exchange.attempts,
      'keyporter.queued_ms': exchange.queuedMs,
    },
    ofTry: { ...(answered ? { 'http.response.status_code': status } : {}), ...usage },
  });
}

function traceOf(exchange: Exchange, tracing: Tracing): RequestTrace {
  if (exchange.trace !== undefined) return exchange.trace;
  const { request, route } = exchange;
  const parent = headerOnce(exchange, 'traceparent');
  const state = headerOnce(exchange, 'tracestate');
  exchange.trace = tracing.begin({
    name: `${request.method} ${route.path}`,
    atMs: exchange.startedAtMs,
    parent: parent === null ? null : readTraceParent(parent),
    state: state === null ? null : readTraceState(state),
    attributes: {
      'http.request.method': request.method,
      'http.route': route.path,
      'url.scheme': request.secure ? 'https' : 'http',
      'keyporter.request.id': exchange.id,
    },
  });
  return exchange.trace;
}

/** A header that stands there twice says nothing. */
function headerOnce({ request: { names, headers } }: Exchange, name: string): string | null {
  if (names.indexOf(name) !== names.lastIndexOf(name)) return null;
  return headerValue(headers, name) ?? null;
}

function operationName(exchange: Exchange): string {
  const model = modelName(exchange);
  const operation = familyOf(exchange.route);
  return model === null ? operation : `${operation} ${model}`;
}

function genAiAttributes(exchange: Exchange, { engine }: Replica): TraceAttributes {
  const model = modelName(exchange);
  return {
    'gen_ai.operation.name': familyOf(exchange.route),
    'gen_ai.provider.name': engine,
    'gen_ai.request.stream': exchange.head?.stream ?? false,
    ...(model === null ? {} : { 'gen_ai.request.model': model }),
  };
}

/** Behind `"*"` it is a name of the client's own, and could be anything. */
function modelName({ model }: Exchange): string | null {
  return model === null ? null : model.origin === 'wildcard' ? maskKeys(model.name) : model.name;
}

function usageAttributes(settled: {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number | null;
}): TraceAttributes {
  return {
    'gen_ai.usage.input_tokens': settled.inputTokens,
    'gen_ai.usage.output_tokens': settled.outputTokens,
    ...(settled.cachedTokens === null ? {} : { 'gen_ai.usage.cache_read.input_tokens': settled.cachedTokens }),
  };
}
