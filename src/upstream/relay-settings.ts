import type { ErrorCode, StreamEnd } from '../core/errors.js';
import type { Dialect, Reply } from '../core/exchange.js';
import type { Timeouts } from '../replicas/model.js';

/** How a forwarded request came to its end. */
export interface RelayOutcome {
  /** The status the client saw, or would have seen. */
  status: number;
  /** Null when the whole answer was passed on. */
  code: StreamEnd | ErrorCode | null;
  reason: string | null;
}

export interface RelaySettings {
  reply: Reply;
  dialect: Dialect;
  requestId: string;
  /** The client asked for a stream. */
  streamed: boolean;
  timeouts: Timeouts;
  /** Headers of ours for the answer, flat. */
  ownHeaders: readonly string[];
  /** Monotonic milliseconds. */
  now: () => number;
  firstByte(): void;
  bytes(count: number): void;
  /** Called with the beginning of a JSON or event-stream answer of status 2xx, to learn an id it names. */
  opening?: ((chunk: Buffer) => void) | undefined;
}
