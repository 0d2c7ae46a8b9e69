import { Refusal, STREAM_ENDS, type StreamEnd } from '../core/errors.js';
import { AnswerBody } from './answer-body.js';
import { readAnswerHeaders, withOwnHeaders, type AnswerHead } from './answer-headers.js';
import { readFailure, refusalOf } from './failures.js';
import { overdue } from './overdue.js';
import { refusalBefore, StatusKept, timedOut, unfitHead } from './refusals.js';
import type { RelayOutcome, RelaySettings } from './relay-settings.js';
import type { IncomingAnswer } from './transport.js';

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
  /** Null before the head. */
  #body: AnswerBody | null = null;
  #lastByteAt: number | null = null;
  #stalledAt: number | null = null;
  #drainWatched = false;
  /** The first bytes of an answer that is no event stream, until it is known whether more follow at once. */
  #first: Buffer | null = null;
  #over = false;
  /** Kept out of what the server says; null when it has none. */
  #upstreamKey: string | null = null;

  constructor(settings: RelaySettings) {
    this.#set = settings;
    this.#startedAt = settings.now();
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The request is on its way to a server: how to break that off, and the server's key in plain. */
  attach(abort: () => void, upstreamKey: string | null): void {
    this.#abort = abort;
    this.#upstreamKey = upstreamKey;
    this.sent = false;
    if (this.#over) abort();
  }

  get over(): boolean {
    return this.#over;
  }

  started(): void {
    this.sent = true;
    this.#set.tap?.started();
  }

  head(status: number, headers: readonly string[], resume: () => void): boolean {
    if (this.#over) return true;
    this.#resume = resume;
    const answer = readAnswerHeaders(headers);
    const type = answer.contentType.toLowerCase();
    const leak = this.#upstreamKey === null ? null : this.#leak(answer.headers.join('\n'));
    const unfit = unfitHead(status, answer, leak);
    if (unfit instanceof StatusKept) this.#set.tap?.begin({ status, type, isStream: false });
    if (unfit !== null) return this.#refuse(unfit);
    this.#status = status;
    this.#answer = answer;
    this.#body = new AnswerBody({ status, type, framed: answer.framed }, this.#set);
    // A first event in the same packet goes out with the head in one write; without one the head goes alone.
    if (this.#body.isStream) queueMicrotask(() => this.#sendHeadAlone());
    return true;
  }

  data(chunk: Buffer): boolean {
    const body = this.#body;
    if (this.#over || body === null) return true;
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
    const ready = body.push(chunk);
    if (!body.isStream) return this.#writePlain(ready);
    if (body.spent) this.#spend(ready);
    else if (body.overfull) this.#interrupt('upstream_interrupted', 'an event of the stream is longer than 1 MiB');
    if (this.#over) return true;
    return ready.length === 0 || this.#write(ready);
  }

  end(): void {
    if (this.#over) return;
    const rest = this.#body?.end();
    if (this.#body?.spent === true) return this.#spend(rest);
    const cut = this.#body?.cutReason ?? null;
    if (cut !== null) return this.#interrupt('upstream_interrupted', cut);
    const last = this.#first ?? rest;
    this.#sendHead();
    if (last !== undefined) this.#set.bytes(last.length);
    this.#set.reply.end(last);
    this.#settle({ status: this.#status, code: null, reason: null });
  }

  fail(error: Error): void {
    if (this.#over) return;
    const failure = readFailure(error, this.sent);
    if (this.#answer === null) this.#refuse(error instanceof Refusal ? error : refusalOf(failure, error));
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
    this.#settle({
      status: this.#headSent ? this.#status : 499,
      code: 'client_gone',
      reason: 'the client closed the connection',
    });
    this.#abort();
  }

  /** Judges the deadlines; called a few times a second for all requests together. */
  tick(now: number): void {
    if (this.#over) return;
    const times = {
      startedAt: this.#startedAt,
      lastByteAt: this.#lastByteAt,
      stalledAt: this.#stalledAt,
      streamed: this.#set.streamed,
    };
    const late = overdue(times, this.#set.timeouts, now);
    if (late === null) return;
    if (late.side === 'client') {
      this.#set.reply.destroy();
      this.clientGone();
    } else {
      this.#interrupt('upstream_timeout', late.reason);
    }
  }

  #sendHead(): void {
    const answer = this.#answer;
    if (this.#headSent || answer === null || this.#over) return;
    this.#headSent = true;
    this.#set.reply.head(this.#status, withOwnHeaders(answer, this.#set.ownHeaders, this.#isStream));
  }

  /** What came with the head goes out together with it; the head of a stream goes out by itself otherwise. */
  #sendHeadAlone(): void {
    if (this.#headSent || this.#over) return;
    if (this.#first !== null) this.#flushFirst();
    else if (this.#isStream) {
      this.#sendHead();
      this.#set.reply.flush();
    }
  }

  #flushFirst(): boolean {
    const first = this.#first;
    this.#first = null;
    return first === null || this.#write(first);
  }

  #writePlain(chunk: Buffer): boolean {
    if (this.#headSent) return this.#write(chunk);
    if (this.#first === null) {
      this.#first = chunk;
      queueMicrotask(() => this.#sendHeadAlone());
      return true;
    }
    this.#flushFirst();
    return this.#write(chunk);
  }

  #write(chunk: Buffer): boolean {
    this.#sendHead();
    this.#set.bytes(chunk.length);
    if (this.#set.reply.write(chunk)) return true;
    this.#stalledAt ??= this.#set.now();
    this.#watchDrain();
    return false;
  }

  #spend(last: Buffer | undefined): void {
    if (last !== undefined && last.length > 0) this.#write(last);
    this.#interrupt('insufficient_quota', 'a budget of the caller is used up');
  }

  #watchDrain(): void {
    if (this.#drainWatched) return;
    this.#drainWatched = true;
    this.#set.reply.onDrain(() => {
      this.#stalledAt = null;
      this.#resume();
    });
  }

  get #isStream(): boolean {
    return this.#body?.isStream === true;
  }

  #leak(text: Buffer | string): string | null {
    const key = this.#upstreamKey;
    return key !== null && text.includes(key) ? 'the key that was injected for it' : null;
  }

  #interrupt(end: StreamEnd, reason: string): void {
    if (!this.#headSent && !this.#isStream) {
      this.#refuse(end === 'upstream_timeout' ? timedOut(reason) : new Refusal('upstream_error', { reason }));
      return;
    }
    this.#sendHead();
    const { reply, dialect, requestId } = this.#set;
    this.#settle({ status: this.#status, code: end, reason });
    reply.destroy(this.#isStream ? dialect.lastEvent(end, STREAM_ENDS[end], requestId) : undefined);
    this.#abort();
  }

  /** Always true: a server whose answer is not wanted is not held back either. */
  #refuse(refusal: Refusal | StatusKept): true {
    this.#over = true;
    this.#reject(refusal);
    this.#abort();
    return true;
  }

  #settle(outcome: RelayOutcome): void {
    this.#over = true;
    this.#resolve(outcome);
  }
}
