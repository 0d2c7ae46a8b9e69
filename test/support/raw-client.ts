import { connect, type Socket } from 'node:net';
import { BodyDecoder, framingOf, headerValues, takeHead } from './http-message.js';
import { within } from './patience.js';

export interface RawAnswer {
  status: number;
  headers: string[];
  body: Buffer;
  /** False when the connection ended before the body did: no such answer may be taken for whole. */
  complete: boolean;
  header(name: string): string | undefined;
  text(): string;
  json(): Record<string, unknown>;
}

const PATIENCE_MS = 10_000;

/** A client that sends exactly the bytes it is told and reads answers as they are on the wire. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves with the monotonic time when the connection is gone, however it went. */
  readonly closed: Promise<number>;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#wake();
        resolve(performance.now());
      });
      socket.once('end', () => {
        this.#ended = true;
        this.#wake();
      });
    });
  }

  /** Connects to the host and port of `url`, from `localAddress` when given. */
  static async open(url: string, localAddress?: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  write(bytes: Buffer | string): boolean {
    if (this.socket.destroyed) return false;
    return this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends FIN and goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  /** Everything received and not yet taken as an answer. */
  get unread(): string {
    return this.#received.toString('latin1');
  }

  /** Waits until what is unread contains `text`, and answers all of it. */
  async see(text: string, limitMs = PATIENCE_MS): Promise<string> {
    await this.#waitFor(`to see ${JSON.stringify(text)}`, limitMs, () => this.unread.includes(text) || null);
    return this.unread;
  }

  /** The next answer, whole or broken. Interim (1xx) answers are skipped and kept in `interim`. */
  async answer(limitMs = PATIENCE_MS): Promise<RawAnswer> {
    for (;;) {
      const taken = await this.#waitFor('the head of an answer', limitMs, () => takeHead(this.#received));
      if (taken === null) throw new Error('the connection ended without an answer');
      this.#received = taken.rest;
      const status = Number(taken.head.startLine.split(' ')[1]);
      if (status >= 200) return this.#body(status, taken.head.headers, limitMs);
      this.interim.push(status);
    }
  }

  /** Status codes of interim answers seen so far. */
  readonly interim: number[] = [];

  async #body(status: number, headers: string[], limitMs: number): Promise<RawAnswer> {
    const bodiless = status === 204 || status === 304;
    const decoder = new BodyDecoder(
      bodiless ? { kind: 'length', bytes: 0 } : framingOf(headers, { kind: 'until-close' }),
    );
    const untilClose = framingOf(headers, { kind: 'until-close' }).kind === 'until-close';
    const pieces: Buffer[] = [];
    while (!decoder.done) {
      pieces.push(decoder.push(this.#received));
      this.#received = Buffer.alloc(0);
      if (decoder.done || this.#ended) break;
      await this.#waitFor('the body of an answer', limitMs, () => this.#received.length > 0 || null);
    }
    this.#received = Buffer.concat([decoder.rest, this.#received]);
    return answerOf(status, headers, Buffer.concat(pieces), decoder.done || (untilClose && !this.socket.errored));
  }

  /** Answers null when the connection ended first. */
  async #waitFor<T>(what: string, limitMs: number, look: () => T | null): Promise<T | null> {
    const start = performance.now();
    for (let found = look(); ; found = look()) {
      if (found !== null || this.#ended) return found;
      const change = new Promise<void>((resolve) => (this.#wake = resolve));
      await within(Math.max(1, limitMs - (performance.now() - start)), `waiting for ${what}`, change);
    }
  }
}

function answerOf(status: number, headers: string[], body: Buffer, complete: boolean): RawAnswer {
  return {
    status,
    headers,
    body,
    complete,
    header: (name) => headerValues(headers, name)[0],
    text: () => body.toString('utf8'),
    json: () => JSON.parse(body.toString('utf8')) as Record<string, unknown>,
  };
}
