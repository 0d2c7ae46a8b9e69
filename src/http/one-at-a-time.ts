import type { Socket } from 'node:net';

/** Requests of one connection that wait for the one before them. A client that sends more ahead is cut off. */
const MAX_WAITING = 32;

/** What can have its turn on a connection. */
export interface Turn {
  readonly closed: boolean;
  /** The connection lives on behind this answer. */
  readonly keepsConnection: boolean;
  destroy(): void;
  /** Called once, when the answer is over in whatever way. */
  onClose(closed: (finished: boolean) => void): void;
}

interface Turns<T extends Turn> {
  /** Runs `start` when every earlier request of this connection is answered. */
  take(socket: Socket, turn: T): void;
  /** A request of this connection runs or waits. */
  isBusy(socket: Socket): boolean;
}

/**
 * Pipelined requests are judged and answered one after the other: a later one is not looked at while
 * an earlier one runs, so it is judged by what holds when its turn comes, and its answer never piles
 * up in memory behind a stream.
 *
 * A client that closes its side while an answer runs has hung up: the answer is broken off at once.
 * Node would first wait until everything written was taken.
 */
export function createTurnTaking<T extends Turn>(start: (turn: T) => void): Turns<T> {
  const connections = new WeakMap<Socket, Connection<T>>();
  return {
    take(socket, turn) {
      let connection = connections.get(socket);
      if (connection === undefined) {
        connection = new Connection(socket, start);
        connections.set(socket, connection);
      }
      connection.take(turn);
    },
    isBusy: (socket) => connections.get(socket)?.isBusy === true,
  };
}

class Connection<T extends Turn> {
  readonly #socket: Socket;
  readonly #start: (turn: T) => void;
  readonly #waiting: T[] = [];
  readonly #next: () => void;
  #running: T | null = null;
  #over = false;

  constructor(socket: Socket, start: (turn: T) => void) {
    this.#socket = socket;
    this.#start = start;
    this.#next = () => {
      if (this.#running?.keepsConnection !== true) this.#end();
      this.#running = null;
      const next = this.#waiting.shift();
      if (next !== undefined && !next.closed) this.#begin(next);
    };
    socket.once('end', () => this.#running?.destroy());
  }

  get isBusy(): boolean {
    return this.#running !== null;
  }

  take(turn: T): void {
    if (this.#over) turn.destroy();
    else if (this.#running === null) this.#begin(turn);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(turn);
    else this.#socket.destroy();
  }

  /** What lies behind an answer that closes the connection is never looked at. */
  #end(): void {
    this.#over = true;
    this.#waiting.length = 0;
  }

  #begin(turn: T): void {
    this.#running = turn;
    turn.onClose(this.#next);
    this.#start(turn);
  }
}
