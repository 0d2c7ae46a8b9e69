import { Refusal } from '../core/errors.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';
import { isPromise, type Maybe } from '../core/maybe.js';
import type { Replica } from '../replicas/model.js';
import { missedBy } from './failures.js';
import type { Relay } from './relay.js';
import type { IncomingAnswer } from './transport.js';

/** An answer by which a server refuses a request for now: 429 or 503. */
export interface DeclinedAnswer {
  status: number;
  /** It says when to come again, so it has not begun. */
  retryAfter: boolean;
  body: Buffer;
}

/** The place of a request on a replica, as its pool keeps it. */
export interface ReplicaPlace {
  readonly replica: Replica;
  /** The replica answered, whatever the status. */
  answered(): void;
  /** The replica failed before its answer began. */
  failed(kind: 'refused' | 'late' | 'broke'): void;
  /** Another replica for a request of which nothing was sent; null = there is none. */
  another(): Maybe<Replica | null>;
  /** Another replica that is idle now, if this answer proves that the first did not begin; else null. */
  declined(answer: DeclinedAnswer): Replica | null;
}

export interface AttemptParts {
  relay: Relay;
  place: ReplicaPlace;
  /** Sends the request once more, to this replica. */
  sendTo(replica: Replica): void;
}

/** A longer refusal is passed on as it comes. */
const LONGEST_DECLINED_BYTES = 8192;

/**
 * One try of a request on one replica. Passes the answer on to the relay, tells the pool how the replica
 * behaved, and goes on to another one while it is certain that the first did not begin to work.
 */
export class Attempt implements IncomingAnswer {
  readonly #parts: AttemptParts;
  #sent = false;
  #answered = false;
  #over = false;
  #declined: {
    status: number;
    headers: FlatHeaders;
    resume: () => void;
    pieces: Buffer[];
    bytes: number;
  } | null = null;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  started(): void {
    this.#sent = true;
    this.#parts.relay.started();
  }

  head(status: number, headers: FlatHeaders, resume: () => void): boolean {
    this.#answered = true;
    if (status === 429 || status === 503) {
      this.#declined = { status, headers, resume, pieces: [], bytes: 0 };
      return true;
    }
    this.#parts.place.answered();
    return this.#parts.relay.head(status, headers, resume);
  }

  data(chunk: Buffer): boolean {
    const declined = this.#declined;
    if (declined === null) return this.#parts.relay.data(chunk);
    declined.pieces.push(chunk);
    declined.bytes += chunk.length;
    if (declined.bytes <= LONGEST_DECLINED_BYTES) return true;
    this.#parts.place.answered();
    return this.#passOn();
  }

  end(): void {
    this.#over = true;
    if (this.#declined === null) return this.#parts.relay.end();
    const { status, headers, pieces } = this.#declined;
    const retryAfter = headerValue(headers, 'retry-after') !== undefined;
    const next = this.#parts.place.declined({ status, retryAfter, body: Buffer.concat(pieces) });
    if (next !== null) return this.#parts.sendTo(next);
    this.#passOn();
    this.#parts.relay.end();
  }

  fail(error: Error): void {
    const { relay, place } = this.#parts;
    if (this.#over || relay.over) return;
    this.#over = true;
    // The upload was broken off for a reason of ours; the replica did nothing wrong.
    if (error instanceof Refusal) return relay.fail(error);
    if (this.#answered) {
      this.#passOn();
      relay.fail(error);
      return;
    }
    if (this.#sent) {
      place.failed('broke');
      relay.fail(error);
      return;
    }
    const missed = missedBy(error);
    // A fault of this machine says nothing about the replica, and another one would meet it too.
    if (missed === 'here') return relay.fail(error);
    place.failed(missed);
    const next = place.another();
    if (isPromise(next)) void next.then((replica) => this.#goOn(replica, error));
    else this.#goOn(next, error);
  }

  #goOn(next: Replica | null, error: Error): void {
    const { relay, sendTo } = this.#parts;
    if (relay.over) return;
    if (next === null) relay.fail(error);
    else sendTo(next);
  }

  #passOn(): boolean {
    const declined = this.#declined;
    if (declined === null) return true;
    this.#declined = null;
    let goOn = this.#parts.relay.head(declined.status, declined.headers, declined.resume);
    for (const piece of declined.pieces) goOn = this.#parts.relay.data(piece);
    return goOn;
  }
}
