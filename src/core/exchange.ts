import type { ErrorCode, Refusal, StreamEnd } from './errors.js';
import type { FlatHeaders } from './headers.js';

/**
 * The one form of a request, made once and used both to decide and to forward, so that what was
 * checked is what is sent.
 */
export interface CanonicalRequest {
  method: string;
  /** Path after one decoding of unreserved characters; never has empty, `.` or `..` segments. */
  path: string;
  /** Query as it came, without `?`; never takes part in a decision. */
  query: string;
  /** Headers as they came: name, value, name, value. */
  headers: FlatHeaders;
  /** The names of `headers` in lower case, one for each pair. */
  names: readonly string[];
  /** Socket peer, IPv4 out of its IPv6 wrapping. */
  peer: string;
  /** The caller's address: the peer, or what a trusted proxy vouches for. */
  address: string;
  /** True when any header claims to speak for another address. */
  forwarded: boolean;
  secure: boolean;
  /** Bytes of the body; null when it comes in chunks; 0 when there is none. */
  contentLength: number | null;
  contentType: string | null;
  contentEncoding: string | null;
  origin: string | null;
  /** A whole WebSocket handshake: the client asks to switch protocols. */
  upgrade?: boolean;
  /** Undefined on HTTP/1.0 alone. Never used to route or to decide. */
  host: string | undefined;
  /** What the client calls its request, if it is fit to be logged. */
  correlationId: string | null;
  userAgent: string | null;
}

/** The way back to the client. Never a type of Node's or of a library's, so that the transport can be replaced. */
export interface Reply {
  readonly headSent: boolean;
  /** The client is gone, or the answer is complete or broken. */
  readonly closed: boolean;
  /** Status 200 and heartbeats were sent and nothing else: a refusal is told as the last event of the stream. */
  readonly keptAlive?: boolean;
  head(status: number, headers: FlatHeaders): void;
  /** Sends the head now, for an answer whose first byte is still to come. */
  flush(): void;
  /** False = hold back until `onDrain` calls. */
  write(chunk: Buffer): boolean;
  end(chunk?: Buffer): void;
  /**
   * Breaks the connection, so that an incomplete answer cannot look complete. With `last`, these
   * bytes are handed over first, for a bounded time.
   */
  destroy(last?: string): void;
  onDrain(resume: () => void): void;
  /** Called once: `finished` tells whether the whole answer was handed to the system. */
  onClose(closed: (finished: boolean) => void): void;
}

/** What a model server said went wrong; null = it did not say. */
export interface SaidError {
  message: string;
  type: string | null;
  code: string | number | null;
  param: string | null;
}

/** How one wire contract words refusals and last events. */
export interface Dialect {
  /** Header that carries our request id, besides `x-request-id`. */
  requestIdHeader: string | null;
  /** Content type of the body of a refusal. */
  errorType: string;
  /** Refusals carry no `www-authenticate`. */
  unchallenged?: true;
  /** The body of a refusal, as JSON text. */
  errorBody(refusal: Refusal, requestId: string): string;
  /** What ends a stream that we break off, as bytes of the stream's own framing. */
  lastEvent(end: StreamEnd | ErrorCode, sentence: string, requestId: string): string;
  /** A refusal by the model server where only heartbeats were sent, as the last event: clients go by its own code and type. */
  saidEvent?(error: SaidError, requestId: string): string;
  /** Byte strings one of which stands in the last event of every complete stream. */
  endMarks: readonly Buffer[];
  /** Keeps a silent event stream open and means nothing to its reader; left out where streams have no such thing. */
  heartbeat?: string;
}

export type JsonKind = 'string' | 'number' | 'object' | 'array' | 'true' | 'false' | 'null';

/** One member of the outermost object of a body, by its place in the bytes. */
export interface TopMember {
  name: string;
  kind: JsonKind;
  /** First byte of the value. */
  from: number;
  /** First byte after the value. */
  to: number;
}

/** What the head of a JSON body says, with the place of the model name in its bytes. */
export interface BodyHead {
  model: string | null;
  /** What the body itself says, where the model was taken from elsewhere. */
  stated?: string | null;
  /** Bytes of the model's value, quotes included; null when there is none. */
  modelAt: { from: number; to: number } | null;
  stream: boolean;
  /** An earlier answer the request builds on (Responses API). */
  previousResponse: string | null;
  /** Every outermost member, in order. */
  members: readonly TopMember[];
}
