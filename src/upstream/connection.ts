import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { FlatHeaders } from '../core/headers.js';
import type { Delivery } from './delivery.js';
import { ResponseParser, type ResponseSink } from './response-parser.js';
import type { ServerAddress } from './server-address.js';
import { upload } from './upload.js';

/** What a connection needs of the pool it belongs to. */
export interface ConnectionParts {
  address: ServerAddress;
  clock: Clock;
  /** Every connection reads into the same memory: what is kept of it is copied. */
  memory: Buffer;
  /** It may take another request. */
  free(connection: Connection): void;
  /** It is closed. */
  gone(connection: Connection): void;
}

/** The server closed the connection before the answer was whole. */
class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
  readonly code = 'CONNECTION_CLOSED';
}

class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
  readonly code = 'CONNECT_TIMEOUT';
}

/** A head and a body of this size together go out in one write. */
const ONE_WRITE_BYTES = 65_536;

/**
 * One connection to a model server, with at most one request on it. Whatever goes wrong closes it, and
 * so does anything the server sends that belongs to no request.
 */
export class Connection implements ResponseSink {
  readonly #parts: ConnectionParts;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #delivery: Delivery | null;
  #uploading = false;
  #heldBack = false;
  #handedOver = false;
  #error: Error | null = null;

  /** Opens the connection for this request. */
  constructor(parts: ConnectionParts, first: Delivery) {
    this.#parts = parts;
    this.#delivery = first;
    first.disconnect = this.#destroy;
    const { address, clock, memory } = parts;
    const switches = first.request.upgrade !== undefined;
    const received = (count: number, into: Uint8Array): boolean => this.#received((into as Buffer).subarray(0, count));
    const socket = switches ? address.open() : address.open({ buffer: memory, callback: received });
    this.#socket = socket;
    const cancel = clock.after(address.connectMs, () => socket.destroy(new ConnectTimeout()));
    socket.once(address.secure ? 'secureConnect' : 'connect', () => {
      cancel();
      this.#start();
    });
    socket.on('error', (error) => (this.#error ??= error));
    // A connection that changes hands must not have lost a byte on the way: it is read only when asked.
    if (switches) socket.on('readable', this.#readable);
    socket.on('end', this.#ended);
    socket.on('close', () => {
      cancel();
      this.#closed();
    });
  }

  /** The server did not close it yet, as far as is known. */
  get open(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Seconds after which the server closes it when nothing is asked; null = it did not say. */
  get keepAliveSeconds(): number | null {
    return this.#parser.keepAliveSeconds;
  }

  /** Sends one more request on a connection that is free. */
  take(delivery: Delivery): void {
    this.#delivery = delivery;
    delivery.disconnect = this.#destroy;
    this.#start();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  head(status: number, headers: FlatHeaders): void {
    if (this.#delivery?.over === false && !this.#delivery.answer.head(status, headers, this.#resume))
      this.#heldBack = true;
  }

  data(piece: Buffer): void {
    if (this.#delivery?.over === false && !this.#delivery.answer.data(piece)) this.#heldBack = true;
  }

  end(): void {
    const delivery = this.#delivery;
    this.#delivery = null;
    delivery?.end();
  }

  switched(headers: FlatHeaders, rest: Buffer): void {
    const delivery = this.#delivery;
    const socket = this.#socket;
    if (delivery === null || delivery.over) return;
    this.#delivery = null;
    this.#handedOver = true;
    this.#parts.gone(this);
    socket.off('readable', this.#readable);
    socket.off('end', this.#ended);
    if (rest.length > 0) socket.unshift(rest);
    delivery.handOver();
    delivery.answer.switched?.(headers, socket);
  }

  readonly #destroy = (): void => void this.#socket.destroy();

  readonly #resume = (): void => {
    this.#heldBack = false;
    this.#socket.resume();
  };

  #start(): void {
    const delivery = this.#delivery;
    if (delivery === null || delivery.over) return void this.#socket.destroy();
    const { request, answer } = delivery;
    this.#parser.begin({ headOnly: request.method === 'HEAD', maySwitch: request.upgrade !== undefined });
    answer.started();
    if (request.rest === null || request.rest === undefined) this.#write(delivery.head, request.body);
    else this.#upload(delivery, request.rest);
  }

  #write(head: string, body: Buffer | null): void {
    const socket = this.#socket;
    if (body === null || body.length === 0) {
      socket.write(head, 'latin1');
    } else if (body.length <= ONE_WRITE_BYTES) {
      const bytes = Buffer.allocUnsafe(head.length + body.length);
      bytes.write(head, 'latin1');
      body.copy(bytes, head.length);
      socket.write(bytes);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  #upload(delivery: Delivery, rest: NonNullable<Delivery['request']['rest']>): void {
    const socket = this.#socket;
    this.#uploading = true;
    socket.write(delivery.head, 'latin1');
    const isOver = (): boolean => delivery.over || socket.destroyed;
    upload({ socket, body: delivery.request.body, rest, isOver }).then(
      () => (this.#uploading = false),
      (error: unknown) => this.#breakOff(error),
    );
  }

  readonly #readable = (): void => {
    const bytes = this.#socket.read() as Buffer | null;
    if (bytes !== null) this.#received(bytes);
  };

  /** False = read no more until `#resume`. */
  #received(bytes: Buffer): boolean {
    if (this.#delivery === null) {
      this.#socket.destroy();
      return true;
    }
    try {
      const behind = this.#parser.push(bytes);
      if (this.#delivery === null && !this.#handedOver) this.#answered(behind);
    } catch (error) {
      this.#breakOff(error);
    }
    return !this.#heldBack;
  }

  /** The answer is whole: the connection lives on when nothing on it is left of this request. */
  #answered(bytesBehind: number): void {
    const isSending = this.#uploading || this.#socket.writableLength > 0;
    if (bytesBehind > 0 || isSending || !this.#parser.reusable || !this.open) return void this.#socket.destroy();
    this.#heldBack = false;
    this.#parts.free(this);
  }

  readonly #ended = (): void => {
    if (this.#delivery !== null) this.#parser.finish();
    this.#socket.destroy();
  };

  #breakOff(error: unknown): void {
    const delivery = this.#delivery;
    this.#delivery = null;
    this.#socket.destroy();
    delivery?.fail(error instanceof Error ? error : new Error(String(error)));
  }

  #closed(): void {
    this.#parts.gone(this);
    const delivery = this.#delivery;
    this.#delivery = null;
    delivery?.fail(this.#error ?? new ConnectionClosed());
  }
}
