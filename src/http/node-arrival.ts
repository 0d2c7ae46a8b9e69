import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { plainAddress } from '../core/address.js';
import type { Clock } from '../core/clock.js';
import type { Reply } from '../core/exchange.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';
import type { BodyBounds, BodyReader, StreamedBody } from './body.js';
import type { RawRequest } from './canonical-request.js';

/** A request that arrived, before anything is believed of it, and the way back to its client. */
export interface Arrival extends RawRequest, Reply {
  /** Came on a connection of the reserve: there is room for health and administration alone. */
  readonly crowded: boolean;
  /** Reads the whole body; sends `100 Continue` first when the client waits for it. Call at most once. */
  readBody(bounds: BodyBounds): Promise<Buffer>;
  /** The same, handed over as it comes. */
  streamBody(bounds: BodyBounds, take: (chunk: Buffer) => boolean): StreamedBody;
  /** Answers 101 with these headers and hands the connection over; null when it cannot be had any more. */
  switchProtocols(headers: FlatHeaders): SwitchedConnection | null;
}

/** A connection that speaks no HTTP any more. */
export interface SwitchedConnection {
  socket: Duplex;
  /** What came right behind the request. */
  early: Buffer;
}

export interface ArrivalParts {
  incoming: IncomingMessage;
  response: ServerResponse;
  /** The client sends its body only after `100 Continue`: without it nothing is on its way. */
  awaitsContinue: boolean;
  bodies: BodyReader;
  clock: Clock;
  crowded: boolean;
  /** Of a request that may switch protocols: what came right behind it. */
  early?: Buffer;
}

/** How long the last words of a broken answer may take to reach the client. */
const LAST_WORDS_MS = 2000;
/** An answer to a body that was not read: so much of it is still taken, so that the client can read the answer. */
const LINGER_BYTES = 65_536;
const LINGER_MS = 500;
/** A body of up to this size goes out in one write with its head. */
const ONE_WRITE_BYTES = 16_384;

/** One request and its answer over Node's own server. */
export class NodeArrival implements Arrival {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: readonly string[];
  readonly peer: string;
  readonly secure: boolean;
  readonly switchable: boolean;
  readonly crowded: boolean;
  readonly #parts: ArrivalParts;
  readonly #response: ServerResponse;
  #closed = false;
  /** The head said that the connection ends behind this answer; Node keeps that to itself. */
  #closes = false;
  /** The head told the length of the body. */
  #hasLength = false;
  /** The head is on its way, and what is written follows it. */
  #begun = false;
  #awaitsDrain = false;
  #whenClosed: ((finished: boolean) => void)[] = [];

  constructor(parts: ArrivalParts) {
    const { incoming, response } = parts;
    this.method = incoming.method ?? '';
    this.target = incoming.url ?? '';
    this.httpVersion = incoming.httpVersion;
    this.headers = incoming.rawHeaders;
    this.peer = plainAddress(incoming.socket.remoteAddress ?? '');
    this.secure = 'encrypted' in incoming.socket;
    this.switchable = parts.early !== undefined;
    this.crowded = parts.crowded;
    this.#parts = parts;
    this.#response = response;
    response.on('close', () => {
      this.#closed = true;
      for (const tell of this.#whenClosed) tell(response.writableFinished);
    });
    // Writing to a client that is gone is no event of ours: `close` tells.
    response.on('error', ignore);
  }

  readBody(bounds: BodyBounds): Promise<Buffer> {
    const { incoming, awaitsContinue, bodies } = this.#parts;
    if (awaitsContinue && (bounds.contentLength ?? 0) <= bounds.maxBytes) this.#response.writeContinue();
    return bodies.read(incoming, bounds);
  }

  streamBody(bounds: BodyBounds, take: (chunk: Buffer) => boolean): StreamedBody {
    const { incoming, awaitsContinue, bodies } = this.#parts;
    if (awaitsContinue && (bounds.contentLength ?? 0) <= bounds.maxBytes) this.#response.writeContinue();
    return bodies.stream(incoming, bounds, take);
  }

  switchProtocols(headers: FlatHeaders): SwitchedConnection | null {
    const { early } = this.#parts;
    const { socket } = this.#response;
    if (early === undefined || socket === null || this.closed || this.headSent) return null;
    let head = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (let at = 0; at + 1 < headers.length; at += 2) head += `${headers[at] ?? ''}: ${headers[at + 1] ?? ''}\r\n`;
    socket.write(`${head}\r\n`, 'latin1');
    return { socket, early };
  }

  get keepsConnection(): boolean {
    return !this.#closes && this.#response.shouldKeepAlive && this.#response.writableFinished;
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#closed || this.#response.writableEnded;
  }

  head(status: number, headers: FlatHeaders): void {
    if (this.closed || this.#response.headersSent) return;
    this.#closes = headerValue(headers, 'connection') === 'close';
    this.#hasLength = headerValue(headers, 'content-length') !== undefined;
    try {
      this.#response.writeHead(status, headers as string[]);
    } catch {
      // A header that no wire can carry: nothing of this answer may be believed.
      this.#response.destroy();
    }
  }

  flush(): void {
    if (this.closed) return;
    this.#begun = true;
    this.#response.flushHeaders();
  }

  write(chunk: Buffer): boolean {
    if (this.closed) return true;
    const { socket, chunkedEncoding } = this.#response;
    if (this.#begun && socket !== null && chunkedEncoding && chunk.length > 0 && chunk.length <= ONE_WRITE_BYTES)
      return this.#writeInOnePiece(socket, chunk);
    this.#begun = true;
    return this.#response.write(chunk);
  }

  end(chunk?: Buffer): void {
    if (this.closed) return;
    if (this.#closes && !this.#parts.incoming.complete && !this.#parts.awaitsContinue) this.#endLingering(chunk);
    else if (chunk !== undefined && chunk.length <= ONE_WRITE_BYTES) this.#endInOneWrite(chunk);
    else this.#response.end(chunk);
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
    this.#parts.clock.after(LAST_WORDS_MS, () => socket.destroy());
  }

  onDrain(resume: () => void): void {
    this.#response.on('drain', resume);
  }

  onClose(closed: (finished: boolean) => void): void {
    if (this.#closed) closed(this.#response.writableFinished);
    else this.#whenClosed.push(closed);
  }

  /** Node would hand over the length, the bytes and the line ends of a chunk one by one. */
  #writeInOnePiece(socket: Socket, chunk: Buffer): boolean {
    const goOn = socket.write(`${chunk.length.toString(16)}\r\n${chunk.toString('latin1')}\r\n`, 'latin1');
    if (!goOn && !this.#awaitsDrain) {
      this.#awaitsDrain = true;
      socket.once('drain', () => {
        this.#awaitsDrain = false;
        this.#response.emit('drain');
      });
    }
    return goOn;
  }

  /** Text travels in the same write as the head, bytes in one of their own: latin1 is each byte as it is. */
  #endInOneWrite(chunk: Buffer): void {
    const { socket } = this.#response;
    const text = chunk.toString('latin1');
    if (socket === null || !this.#hasLength) return void this.#response.end(text, 'latin1');
    // Otherwise Node holds the socket back by itself and adds an empty second piece to the write.
    socket.cork();
    this.#response.write(text, 'latin1');
    socket.uncork();
    this.#response.end();
  }

  /**
   * Closing at once on a client that still sends would reset the connection and could take the answer
   * away from it before it is read.
   */
  #endLingering(chunk?: Buffer): void {
    const { incoming, clock } = this.#parts;
    let taken = 0;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      cancel();
      this.#response.end();
    };
    const cancel = clock.after(LINGER_MS, finish);
    incoming.on('data', (part: Buffer) => {
      taken += part.length;
      if (taken > LINGER_BYTES) finish();
    });
    incoming.on('end', finish);
    incoming.on('close', finish);
    incoming.on('error', finish);
    if (chunk !== undefined) this.#response.write(chunk);
    else this.#response.flushHeaders();
    incoming.resume();
  }
}

function ignore(): void {}
