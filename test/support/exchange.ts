import type { Socket } from 'node:net';
import { headerValues, type Head } from './http-message.js';
import { deferred } from './patience.js';

/** One request at the recording upstream, and everything that can be done to its connection. */
export class Exchange {
  readonly head: Head;
  readonly socket: Socket;
  readonly method: string;
  readonly target: string;
  body: Buffer = Buffer.alloc(0);
  /** Resolves when the answer has ended or the connection is gone, with which of the two. */
  readonly over: Promise<'answered' | 'gone'>;
  /** Resolves with the monotonic time when the gateway's side of the connection is gone. */
  readonly gone: Promise<number>;
  readonly #over = deferred<'answered' | 'gone'>();

  constructor(head: Head, socket: Socket) {
    this.head = head;
    this.socket = socket;
    const [method = '', target = ''] = head.startLine.split(' ');
    this.method = method;
    this.target = target;
    this.over = this.#over.promise;
    this.gone = new Promise((resolve) => {
      if (socket.destroyed) resolve(performance.now());
      else socket.once('close', () => resolve(performance.now()));
    });
    void this.gone.then(() => this.#over.resolve('gone'));
  }

  header(name: string): string | undefined {
    return headerValues(this.head.headers, name)[0];
  }

  json(): Record<string, unknown> {
    return JSON.parse(this.body.toString('utf8')) as Record<string, unknown>;
  }

  /** A whole JSON answer with a content-length. */
  answer(status: number, body: unknown, headers: readonly string[] = []): void {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    this.raw(
      headBytes(status, ['content-type', 'application/json', 'content-length', String(bytes.length), ...headers]),
    );
    this.raw(bytes);
    this.#over.resolve('answered');
  }

  /** The head of a chunked stream of server-sent events. */
  startStream(headers: readonly string[] = []): void {
    this.raw(
      headBytes(200, ['content-type', 'text/event-stream; charset=utf-8', 'transfer-encoding', 'chunked', ...headers]),
    );
  }

  /** Bytes as one HTTP chunk. False when the socket's buffer is full. */
  chunk(bytes: Buffer | string): boolean {
    const data = Buffer.from(bytes);
    return this.raw(Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]));
  }

  /** One event with this data, as one HTTP chunk. */
  event(data: unknown, name?: string): boolean {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    return this.chunk(`${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`);
  }

  /** The last chunk: the answer ended as its framing says. */
  finish(): void {
    this.raw('0\r\n\r\n');
    this.#over.resolve('answered');
  }

  /** Any bytes at all. */
  raw(bytes: Buffer | string): boolean {
    return this.socket.destroyed ? false : this.socket.write(bytes);
  }

  /** Ends the connection with FIN after what was written. */
  hangUp(): void {
    this.socket.end();
  }

  /** Ends the connection with RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

export function headBytes(status: number, headers: readonly string[]): string {
  const lines = headers.flatMap((value, at) => (at % 2 === 1 ? [`${headers[at - 1] ?? ''}: ${value}`] : []));
  return [`HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Error'}`, ...lines, '', ''].join('\r\n');
}
