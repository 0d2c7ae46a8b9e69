import { Refusal, STREAM_ENDS, type ErrorCode, type StreamEnd } from '../core/errors.js';
import type { Dialect, Reply } from '../core/exchange.js';
import { headerValue } from '../core/headers.js';
import type { Timeouts } from '../replicas/model.js';
import { readAnswerHeaders, type AnswerHead } from './answer-headers.js';
import { EndMarks, JsonBalance } from './completeness.js';
import { readFailure, refusalOf } from './failures.js';
import { SseFrames } from './sse-frames.js';
import type { IncomingAnswer } from './transport.js';

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
  /** The server's key in plain, to keep it out of what it says; null when it has none. */
  upstreamKey: string | null;
  /** Monotonic milliseconds. */
  now: () => number;
  firstByte(): void;
  bytes(count: number): void;
  /** Called with the beginning of a JSON or event-stream answer of status 2xx, to learn an id it names. */
  opening?: ((chunk: Buffer) => void) | undefined;
}

/** A reader who takes nothing for this long is gone. */
const STALLED_READER_MS = 60_000;

/**
 * Passes one answer from a model server to the client: events whole and in order, each side held
 * back by the other, and never a complete-looking end that the server did not reach.
 */
export class Relay implements IncomingAnswer {
  readonly finished: Promise<RelayOutcome>;
  /** True once a byte may have reached the server. */
  sent = false;
  readonly #set: RelaySettings;
  readonly #startedAt: number;
  #resolve: (outcome: RelayOutcome) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #abort: () => void = () => {};
  #resume: () => void = () => {};
  #answer: AnswerHead | null = null;
  #status = 0;
  #headSent = false;
  #frames: SseFrames | null = null;
  #marks: EndMarks | null = null;
  #balance: JsonBalance | null = null;
  #lastByteAt: number | null = null;
  #stalledAt: number | null = null;
  #over = false;

  constructor(settings: RelaySettings) {
    this.#set = settings;
    this.#startedAt = settings.now();
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    settings.reply.onDrain(() => {
      this.#stalledAt = null;
      this.#resume();
    });
  }

  /** Tells how to break off the request to the server. */
  attach(abort: () => void): void {
    this.#abort = abort;
    if (this.#over) abort();
  }

  started(): void {
    this.sent = true;
  }

  head(status: number, rawHeaders: readonly Buffer[], resume: () => void): boolean {
    if (this.#over) return true;
    this.#resume = resume;
    const answer = readAnswerHeaders(rawHeaders);
    const fault = answer.fault ?? (status > 599 ? `status ${status}` : null) ?? (status >= 300 && status < 400 ? `a redirect (status ${status}), which is never followed` : null) ?? this.#leak(answer.headers.join('\n'));
    if (fault !== null) {
      this.#refuse(new Refusal('upstream_error', { reason: `the model server sent ${fault}` }));
      return true;
    }
    const type = answer.contentType.toLowerCase();
    if (status >= 500 && !type.includes('json')) {
      this.#refuse(new Refusal('upstream_error', { message: `The model server failed with status ${status}.`, reason: `status ${status}, ${type || 'no content type'}` }), status);
      return true;
    }
    this.#status = status;
    this.#answer = answer;
    if (type.startsWith('text/event-stream')) {
      this.#frames = new SseFrames();
      this.#marks = new EndMarks(status === 200 ? this.#set.dialect.endMarks : []);
    } else if (!answer.framed && type.includes('json')) {
      this.#balance = new JsonBalance();
    }
    // A first chunk in the same packet goes out with the head in one write; without one the head goes alone.
    queueMicrotask(() => this.#sendHeadAlone());
    return true;
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#lastByteAt === null) {
      this.#set.firstByte();
      if (this.#status < 300) this.#set.opening?.(chunk);
    }
    this.#lastByteAt = this.#set.now();
    const leak = this.#leak(chunk);
    if (leak !== null) {
      this.#interrupt('upstream_interrupted', `the model server sent ${leak}`);
      return true;
    }
    this.#balance?.push(chunk);
    if (this.#frames === null) return this.#write(chunk);
    const events = this.#frames.push(chunk);
    if (this.#frames.overfull) {
      this.#interrupt('upstream_interrupted', 'an event of the stream is longer than 1 MiB');
      return true;
    }
    if (events.length === 0) return true;
    this.#marks?.push(events);
    return this.#write(events);
  }

  end(): void {
    if (this.#over) return;
    const rest = this.#frames?.held;
    if (rest !== undefined && rest.length > 0) this.#marks?.push(rest);
    const cut = this.#cutReason();
    if (cut !== null) {
      this.#interrupt('upstream_interrupted', cut);
      return;
    }
    this.#sendHead();
    if (rest === undefined || rest.length === 0) this.#set.reply.end();
    else this.#set.reply.end(rest);
    this.#settle({ status: this.#status, code: null, reason: null });
  }

  fail(error: Error): void {
    if (this.#over) return;
    const failure = readFailure(error, this.sent);
    if (this.#answer === null) this.#refuse(refusalOf(failure, error));
    else this.#interrupt('upstream_interrupted', failure.reason);
  }

  /** Ends the answer for a reason of ours: an event the client can read, then a broken connection. */
  stop(end: StreamEnd, reason: string): void {
    if (this.#over) return;
    if (!this.#headSent) this.#refuse(refusalBefore(end, reason));
    else this.#interrupt(end, reason);
  }

  /** The client hung up. */
  clientGone(): void {
    if (this.#over) return;
    this.#settle({ status: this.#headSent ? this.#status : 499, code: 'client_gone', reason: 'the client closed the connection' });
    this.#abort();
  }

  /** Judges the deadlines; called a few times a second for all requests together. */
  tick(now: number): void {
    if (this.#over) return;
    const { timeouts, streamed } = this.#set;
    if (this.#stalledAt !== null && now - this.#stalledAt > STALLED_READER_MS) {
      this.#set.reply.destroy();
      this.clientGone();
    } else if (now - this.#startedAt > timeouts.totalMs) {
      this.#late(`the answer took longer than ${timeouts.totalMs / 1000} s in all`);
    } else if (!streamed || this.#stalledAt !== null) {
      // A held-back server cannot send, and an answer in one piece is bounded by the total alone.
    } else if (this.#lastByteAt === null) {
      if (now - this.#startedAt > timeouts.firstByteMs) this.#late(`no first byte within ${timeouts.firstByteMs / 1000} s`);
    } else if (now - this.#lastByteAt > timeouts.idleMs) {
      this.#late(`the stream was silent for ${timeouts.idleMs / 1000} s`);
    }
  }

  #late(reason: string): void {
    if (this.#headSent) this.#interrupt('upstream_timeout', reason);
    else this.#refuse(new Refusal('upstream_timeout', { reason }));
  }

  #sendHead(): void {
    const answer = this.#answer;
    if (this.#headSent || answer === null || this.#over) return;
    this.#headSent = true;
    const headers = answer.headers;
    for (const part of this.#set.ownHeaders) headers.push(part);
    if (this.#frames !== null) {
      headers.push('x-accel-buffering', 'no');
      if (headerValue(headers, 'cache-control') === undefined) headers.push('cache-control', 'no-cache, no-transform');
    }
    this.#set.reply.head(this.#status, headers);
  }

  #sendHeadAlone(): void {
    if (this.#headSent || this.#over) return;
    this.#sendHead();
    this.#set.reply.flush();
  }

  #write(chunk: Buffer): boolean {
    this.#sendHead();
    this.#set.bytes(chunk.length);
    if (this.#set.reply.write(chunk)) return true;
    this.#stalledAt ??= this.#set.now();
    return false;
  }

  #cutReason(): string | null {
    if (this.#marks !== null && !this.#marks.finished) return 'the stream ended without its end mark';
    if (this.#balance !== null && !this.#balance.whole) return 'the connection closed in the middle of the answer';
    return null;
  }

  #leak(text: Buffer | string): string | null {
    const key = this.#set.upstreamKey;
    return key !== null && text.includes(key) ? 'the key that was injected for it' : null;
  }

  #interrupt(end: StreamEnd, reason: string): void {
    if (!this.#headSent && this.#frames === null) {
      this.#refuse(new Refusal(end === 'upstream_timeout' ? 'upstream_timeout' : 'upstream_error', { reason }));
      return;
    }
    this.#sendHead();
    const { reply, dialect, requestId } = this.#set;
    this.#settle({ status: this.#status, code: end, reason });
    reply.destroy(this.#frames === null ? undefined : dialect.lastEvent(end, STREAM_ENDS[end], requestId));
    this.#abort();
  }

  #refuse(refusal: Refusal, status?: number): void {
    this.#over = true;
    this.#reject(status === undefined ? refusal : new StatusKept(refusal, status));
    this.#abort();
  }

  #settle(outcome: RelayOutcome): void {
    this.#over = true;
    this.#resolve(outcome);
  }
}

/** A refusal that goes out under the status the model server gave. */
export class StatusKept extends Error {
  readonly refusal: Refusal;
  readonly status: number;

  constructor(refusal: Refusal, status: number) {
    super(refusal.message);
    this.refusal = refusal;
    this.status = status;
  }
}

/** What a client hears whose request is ended before any of the answer was sent. */
function refusalBefore(end: StreamEnd, reason: string): Refusal {
  if (end === 'key_revoked' || end === 'key_disabled' || end === 'key_expired') return new Refusal('invalid_api_key', { reason });
  if (end === 'server_shutting_down') return new Refusal('shutting_down', { reason, headers: ['retry-after', '5'] });
  if (end === 'insufficient_quota') return new Refusal('insufficient_quota', { reason, headers: ['x-should-retry', 'false'] });
  return new Refusal('request_ended', { reason, headers: ['x-should-retry', 'false'] });
}
