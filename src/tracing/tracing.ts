import type { TraceParent } from './trace-context.js';

/** Values of a span. Numbers and names only: no prompt, no answer, no key, no query. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** A request whose trace begins. Times are Unix milliseconds, with fractions. */
export interface TraceBeginning {
  /** Method and route, never the path itself. */
  name: string;
  atMs: number;
  /** Null = the trace begins here. */
  parent: TraceParent | null;
  /** Sent on as it came; null = there is none. */
  state: string | null;
  attributes: TraceAttributes;
}

/** One try on a model server. */
export interface TraceTry {
  name: string;
  atMs: number;
  attributes: TraceAttributes;
}

export interface TraceEnd {
  atMs: number;
  /** What went wrong, by a name out of a fixed set; null = nothing. */
  error: string | null;
  /** It was no fault of the caller. */
  isFault: boolean;
  attributes: TraceAttributes;
  /** For the last try alone. */
  ofTry: TraceAttributes;
}

/** The trace of one request: a span of the gateway, and below it one for each try. */
export interface RequestTrace {
  /** Begins a try and ends the one before as failed. Answers the headers that tell the model server, flat. */
  sending(one: TraceTry): readonly string[];
  finish(end: TraceEnd): void;
}

/** Where traces go. Nothing here waits, throws, or grows without bound. */
export interface Tracing {
  begin(beginning: TraceBeginning): RequestTrace;
  /** Spans that were lost since the start. */
  readonly dropped: number;
  /** Sends what waits, for a bounded time. */
  close(): Promise<void>;
}
