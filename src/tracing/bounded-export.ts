import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Log } from '../core/log.js';

/** Spans that wait or are on their way. */
export const MOST_SPANS = 4096;
/** `ExportResultCode.SUCCESS` of the library. */
const SENT = 0;

/** Counts spans on their way out, lets no more wait than the bound, and tells once when nobody takes them. */
export class BoundedExport {
  dropped = 0;
  #waiting = 0;
  #failing = false;
  readonly #endpoint: string;
  readonly #log: Log;

  constructor(endpoint: string, log: Log) {
    this.#endpoint = endpoint;
    this.#log = log;
  }

  /** Between the request and the queue of `processor`. */
  before(processor: SpanProcessor): SpanProcessor {
    return {
      onStart: (span: Span, parent: Context) => processor.onStart(span, parent),
      onEnd: (span: ReadableSpan) => {
        if (this.#waiting >= MOST_SPANS) {
          this.dropped += 1;
          return;
        }
        this.#waiting += 1;
        processor.onEnd(span);
      },
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
    };
  }

  /** Between the queue and `exporter`. */
  after(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.#waiting -= spans.length;
          this.#report(result.code === SENT ? null : (result.error ?? new Error('unknown')), spans.length);
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    };
  }

  #report(error: Error | null, spans: number): void {
    if (error !== null) this.dropped += spans;
    if ((error !== null) === this.#failing) return;
    this.#failing = error !== null;
    if (error === null) this.#log.info({ dropped: this.dropped }, 'Traces are taken again.');
    else
      this.#log.warn(
        { endpoint: this.#endpoint, error: error.message.slice(0, 200) },
        'The receiver of traces takes none now: they are dropped, and requests go on. Look at `tracing.otlp_endpoint`.',
      );
  }
}
