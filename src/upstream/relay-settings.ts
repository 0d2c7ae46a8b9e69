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

/** Reads an answer on its way to the client, and may keep parts of it back or say that it is enough. */
export interface AnswerTap {
  /** A byte of the request may have reached the server. */
  started(): void;
  /** The head is there. `type` is the media type in lower case. */
  begin(answer: { status: number; type: string; isStream: boolean }): void;
  /** Whole events of a stream, or a piece of any other body. Answers what may travel on. */
  push(bytes: Buffer): Buffer;
  /** What `push` answered last is the end: the caller may not have more. */
  readonly spent: boolean;
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
  tap?: AnswerTap | null;
}
