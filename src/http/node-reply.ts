import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { Reply } from '../core/exchange.js';
import type { FlatHeaders } from '../core/headers.js';

/** How long the last words of a broken answer may take to reach the client. */
const LAST_WORDS_MS = 2000;
/** An answer to a body that was not read: so much of it is still taken, so that the client can read the answer. */
const LINGER_BYTES = 65_536;
const LINGER_MS = 500;

export interface NodeReplyParts {
  incoming: IncomingMessage;
  response: ServerResponse;
  /** The client sends its body only after `100 Continue`: without it nothing is on its way. */
  awaitsContinue: boolean;
  clock: Clock;
}

/** The way back over Node's own server. */
export class NodeReply implements Reply {
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #awaitsContinue: boolean;
  #closed = false;

  constructor({ incoming, response, awaitsContinue, clock }: NodeReplyParts) {
    this.#incoming = incoming;
    this.#response = response;
    this.#awaitsContinue = awaitsContinue;
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

  flush(): void {
    if (!this.closed) this.#response.flushHeaders();
  }

  end(chunk?: Uint8Array | string): void {
    if (this.closed) return;
    if (this.#incoming.complete || this.#response.shouldKeepAlive || this.#awaitsContinue) this.#response.end(chunk);
    else this.#endLingering(chunk);
  }

  destroy(last?: string): void {
    if (this.#closed) return;
    const { socket } = this.#response;
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

  /**
   * Closing at once on a client that still sends would reset the connection and could take the answer
   * away from it before it is read.
   */
  #endLingering(chunk?: Uint8Array | string): void {
    const incoming = this.#incoming;
    let taken = 0;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      cancel();
      this.#response.end();
    };
    const cancel = this.#clock.after(LINGER_MS, finish);
    incoming.on('data', (part: Buffer) => {
      taken += part.length;
      if (taken > LINGER_BYTES) finish();
    });
    incoming.once('end', finish);
    incoming.once('close', finish);
    incoming.on('error', finish);
    if (chunk !== undefined) this.#response.write(chunk);
    else this.#response.flushHeaders();
    incoming.resume();
  }
}
