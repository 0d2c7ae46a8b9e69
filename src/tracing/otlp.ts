import { randomBytes } from 'node:crypto';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { BoundedExport, MOST_SPANS } from './bounded-export.js';
import { writeTraceParent } from './trace-context.js';
import type { RequestTrace, TraceBeginning, TraceEnd, TraceTry, Tracing } from './tracing.js';

const SPANS_PER_BATCH = 512;
const SEND_EVERY_MS = 1000;
const SEND_TIMEOUT_MS = 3000;
/** How long the end of the gateway waits for the last traces: as long as the library may hold the process anyway. */
const LAST_SPANS_MS = SEND_TIMEOUT_MS;
const LONGEST_VALUE = 256;
const NO_HEADERS: readonly string[] = [];

export interface OtlpOptions {
  /** Base URL of the receiver, or the whole one of its traces. */
  endpoint: string;
  version: string;
  clock: Clock;
  log: Log;
}

/** Sends traces to a receiver of OTLP over HTTP, in batches. Loaded only where that is configured: the library costs some time and memory. */
export function createOtlpTracing({ endpoint, version, clock, log }: OtlpOptions): Tracing {
  const bound = new BoundedExport(endpoint, log);
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: SEND_TIMEOUT_MS });
  const processor = new BatchSpanProcessor(bound.after(exporter), {
    maxQueueSize: MOST_SPANS,
    maxExportBatchSize: SPANS_PER_BATCH,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS * 2,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'keyporter', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    idGenerator: {
      generateTraceId: () => randomBytes(16).toString('hex'),
      generateSpanId: () => randomBytes(8).toString('hex'),
    },
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
    spanProcessors: [bound.before(processor)],
  });
  const tracer = provider.getTracer('keyporter', version);
  return {
    begin: (beginning) => new SpansOfRequest(tracer, beginning),
    get dropped() {
      return bound.dropped;
    },
    async close() {
      const late = new Promise<void>((resolve) => void clock.after(LAST_SPANS_MS, resolve));
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

function tracesUrl(endpoint: string): string {
  return endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}

class SpansOfRequest implements RequestTrace {
  readonly #tracer: Tracer;
  readonly #state: string | null;
  readonly #server: Span;
  readonly #below: Context;
  #try: Span | null = null;

  constructor(tracer: Tracer, { name, atMs, parent, state, attributes }: TraceBeginning) {
    this.#tracer = tracer;
    this.#state = parent === null ? null : state;
    const above = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
    this.#server = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: atMs, attributes }, above);
    this.#below = trace.setSpan(ROOT_CONTEXT, this.#server);
  }

  sending({ name, atMs, attributes }: TraceTry): readonly string[] {
    if (this.#try !== null) end(this.#try, { atMs, error: 'another_replica' });
    const options = { kind: SpanKind.CLIENT, startTime: atMs, attributes };
    this.#try = this.#tracer.startSpan(name, options, this.#below);
    const { traceId, spanId, traceFlags } = this.#try.spanContext();
    const parent = writeTraceParent({ traceId, spanId, sampled: (traceFlags & 1) === 1 });
    const state = this.#state === null ? NO_HEADERS : ['tracestate', this.#state];
    return ['traceparent', parent, ...state];
  }

  finish({ atMs, error, isFault, attributes, ofTry }: TraceEnd): void {
    if (this.#try !== null) {
      this.#try.setAttributes(ofTry);
      end(this.#try, { atMs, error });
    }
    this.#server.setAttributes(attributes);
    if (error !== null) this.#server.setAttribute('error.type', error);
    if (isFault) this.#server.setStatus({ code: SpanStatusCode.ERROR });
    this.#server.end(atMs);
  }
}

function remote({
  traceId,
  spanId,
  sampled,
}: NonNullable<TraceBeginning['parent']>): Parameters<typeof trace.setSpanContext>[1] {
  return { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true };
}

function end(span: Span, { atMs, error }: { atMs: number; error: string | null }): void {
  if (error !== null) {
    span.setAttribute('error.type', error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(atMs);
}
