import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.js';
import { STREAM_ENDS, type StreamEnd } from '../core/errors.js';
import type { RelayOutcome } from './relay-settings.js';
import { closeFrame, FrameBounds, textFrame, type MessageReader } from './web-socket-frames.js';

export interface TunnelEnds {
  client: Duplex;
  /** What the client sent right behind its handshake. */
  early: Buffer;
  server: Duplex;
  requestId: string;
  clock: Clock;
  /** Longest life, in milliseconds. */
  totalMs: number;
  /** Bytes that travelled to the client. */
  bytes(count: number): void;
  /** Reads what the server says. */
  reader: MessageReader | null;
}

/** How long last words may take to reach the client. */
const LAST_WORDS_MS = 2000;
/** Status of the close frame: 1008 = not allowed any more, 1011 = the server failed, 1012 = it starts anew. */
const CLOSE_STATUS: Partial<Record<StreamEnd, number>> = {
  upstream_interrupted: 1011,
  upstream_timeout: 1011,
  server_shutting_down: 1012,
};

/**
 * Two connections joined: bytes travel both ways unread, each side held back by the other. Ended for a
 * reason of ours, the client reads an event and a close frame, then the connection breaks.
 */
export class Tunnel {
  readonly finished: Promise<RelayOutcome>;
  readonly #ends: TunnelEnds;
  readonly #frames: FrameBounds;
  readonly #stopWaiting: () => void;
  #resolve: (outcome: RelayOutcome) => void = () => {};
  #over = false;

  constructor(ends: TunnelEnds) {
    this.#ends = ends;
    const { client, server, early, clock, totalMs } = ends;
    this.#frames = new FrameBounds(ends.reader);
    this.finished = new Promise((resolve) => (this.#resolve = resolve));
    this.#stopWaiting = clock.after(totalMs, () =>
      this.stop('upstream_timeout', 'the connection lasted longer than it may'),
    );
    if (early.length > 0) server.write(early);
    join(client, server, () => {});
    join(server, client, (chunk) => {
      this.#frames.push(chunk);
      ends.bytes(chunk.length);
    });
    client.once('end', () => this.#clientGone());
    client.once('close', () => this.#clientGone());
    server.once('end', () => this.#serverGone());
    server.once('close', () => this.#serverGone());
    client.on('error', ignore);
    server.on('error', ignore);
  }

  /** Ends the connection with words the client can read, where they do not fall into the middle of others. */
  stop(end: StreamEnd, reason: string): void {
    if (this.#over) return;
    const { client, server, requestId, clock } = this.#ends;
    const sentence = STREAM_ENDS[end];
    if (this.#frames.betweenMessages) {
      const error = { type: 'server_error', code: end, message: sentence, param: null };
      client.write(textFrame(JSON.stringify({ type: 'error', event_id: requestId, error })));
    }
    if (this.#frames.betweenFrames) client.write(closeFrame(CLOSE_STATUS[end] ?? 1008, sentence));
    this.#settle({ status: 101, code: end, reason });
    server.destroy();
    client.end();
    clock.after(LAST_WORDS_MS, () => client.destroy());
  }

  #clientGone(): void {
    if (this.#over) return;
    this.#settle({ status: 101, code: null, reason: null });
    this.#ends.server.destroy();
    this.#ends.client.destroy();
  }

  #serverGone(): void {
    if (this.#over) return;
    if (!this.#frames.closed)
      return this.stop('upstream_interrupted', 'the model server closed the connection without saying so');
    this.#settle({ status: 101, code: null, reason: null });
    this.#ends.client.end();
    this.#ends.clock.after(LAST_WORDS_MS, () => this.#ends.client.destroy());
  }

  #settle(outcome: RelayOutcome): void {
    this.#over = true;
    this.#stopWaiting();
    this.#resolve(outcome);
  }
}

/** Passes bytes on, and holds the sender back while the other side takes none. */
function join(from: Duplex, to: Duplex, seen: (chunk: Buffer) => void): void {
  from.on('data', (chunk: Buffer) => {
    if (to.destroyed || to.writableEnded) return;
    seen(chunk);
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
}

function ignore(): void {}
