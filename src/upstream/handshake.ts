import type { Duplex } from 'node:stream';
import { Refusal } from '../core/errors.js';
import type { FlatHeaders } from '../core/headers.js';
import { isPromise } from '../core/maybe.js';
import type { Replica } from '../replicas/model.js';
import type { ReplicaPlace } from './attempt.js';
import { missedBy, readFailure, refusalOf } from './failures.js';
import type { IncomingAnswer } from './transport.js';

/** A connection on which the model server speaks WebSocket now. */
export interface OpenSocket {
  socket: Duplex;
  /** Of its answer. */
  headers: FlatHeaders;
}

export interface HandshakeParts {
  place: ReplicaPlace;
  /** Sends the handshake to this replica, and answers how to break it off. */
  sendTo(replica: Replica, answer: IncomingAnswer): () => void;
  resolve(open: OpenSocket): void;
  reject(error: Refusal): void;
}

/**
 * Asks replicas in turn to switch to WebSocket; goes on to another one only while nothing was sent, as
 * with every request.
 */
export class Handshake {
  readonly #parts: HandshakeParts;
  #abort: () => void = () => {};
  #over = false;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
    this.#sendTo(parts.place.replica);
  }

  /** Ends it for a reason of ours. */
  stop(refusal: Refusal): void {
    if (this.#over) return;
    this.#end(refusal);
    this.#abort();
  }

  #sendTo(replica: Replica): void {
    const { place, resolve } = this.#parts;
    let sent = false;
    this.#abort = this.#parts.sendTo(replica, {
      started: () => (sent = true),
      switched: (headers, socket) => {
        place.answered();
        if (this.#over) {
          socket.destroy();
          return;
        }
        this.#over = true;
        resolve({ headers, socket });
      },
      head: (status) => {
        place.answered();
        this.stop(
          new Refusal('upstream_error', {
            message: `The model server does not speak WebSocket here: it answered with status ${status}.`,
          }),
        );
        return true;
      },
      data: () => true,
      end() {},
      fail: (error) => this.#failed(error, sent),
    });
  }

  #failed(error: Error, sent: boolean): void {
    if (this.#over) return;
    const { place } = this.#parts;
    const refusal = refusalOf(readFailure(error, sent), error);
    const missed = sent ? 'broke' : missedBy(error);
    if (missed === 'here') return this.#end(refusal);
    place.failed(missed);
    const next = sent ? null : place.another();
    const goOn = (replica: Replica | null): void => {
      if (this.#over) return;
      if (replica === null) this.#end(refusal);
      else this.#sendTo(replica);
    };
    if (isPromise(next)) void next.then(goOn);
    else goOn(next);
  }

  #end(refusal: Refusal): void {
    this.#over = true;
    this.#parts.reject(refusal);
  }
}
