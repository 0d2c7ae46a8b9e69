import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { Reply } from '../core/exchange.js';
import type { FlatHeaders } from '../core/headers.js';

/** How long the last words of a broken answer may take to reach the client. */
const LAST_WORDS_MS = 2000;

/** The way back over Node's own server. */
export class NodeReply implements Reply {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  /** Taken at once: Node lets go of it when the answer is over. */
  readonly #socket: Socket | null;
  #closed = false;

  constructor(response: ServerResponse, socket: Socket | null, clock: Clock) {
    this.#response = response;
    this.#socket = socket;
    this.#clock = clock;
    response.once('close', () => {
      this.#closed = true;
    });
    // Writing to a client that is gone is no event of ours: `close` tells.
    response.on('error', () => {});
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#closed || this.#response.writableEnded;
  }

  head(status: number, headers: FlatHeaders): void {
    if (this.closed || this.#response.headersSent) return;
    this.#response.writeHead(status, headers as string[]);
  }

  write(chunk: Uint8Array): boolean {
    return this.closed || this.#response.write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    if (!this.closed) this.#response.end(chunk);
  }

  destroy(last?: string): void {
    if (this.#closed) return;
    const socket = this.#socket;
    if (last === undefined || socket === null || this.#response.writableEnded) {
      this.#response.destroy();
      return;
    }
    this.#response.write(last);
    // Not `end()`: the final chunk would make the answer look complete.
    socket.destroySoon();
    this.#clock.after(LAST_WORDS_MS, () => socket.destroy());
  }

  onDrain(resume: () => void): void {
    this.#response.on('drain', resume);
  }

  onClose(closed: (finished: boolean) => void): void {
    if (this.#closed) closed(this.#response.writableFinished);
    else this.#response.once('close', () => closed(this.#response.writableFinished));
  }
}
