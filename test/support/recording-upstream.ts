import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Exchange } from './exchange.js';
import { BodyDecoder, framingOf, takeHead, type Head } from './http-message.js';
import { answerAsModel, answerProbe } from './model-answers.js';
import { deferred, type Deferred } from './patience.js';

/** One TCP connection as the upstream saw it. */
export interface RecordedConnection {
  readonly socket: Socket;
  /** Every byte received, in order. Empty when recording is off. */
  readonly received: Buffer[];
  open: boolean;
}

export interface RecordingUpstreamOptions {
  /** What `GET /v1/models` lists. */
  models?: readonly string[];
  /** False for load tests, which would keep gigabytes. */
  record?: boolean;
}

/**
 * A model server on a raw socket of port 0 that keeps every byte it is sent and does to its
 * connections whatever a test asks for. Questions of the gateway's own (GET of a model list, of
 * health) are answered by themselves and are no exchanges.
 */
export class RecordingUpstream {
  readonly connections: RecordedConnection[] = [];
  /** Requests of callers that arrived whole, oldest first. */
  readonly exchanges: Exchange[] = [];
  /** Requests whose head arrived and whose answer has not ended. */
  open = 0;
  /** What is done with a request that arrived whole. The default answers as a model server does. */
  onRequest: (exchange: Exchange) => void = answerAsModel;
  /** What is done when a head arrived, before its body. */
  onHead: (head: Head, socket: Socket) => void = () => {};
  readonly models: readonly string[];
  readonly #record: boolean;
  readonly #server: Server;
  #waiting: { wanted: (exchange: Exchange) => boolean; found: Deferred<Exchange> }[] = [];
  #untaken: Exchange[] = [];
  #idle: Deferred<void>[] = [];

  private constructor(options: RecordingUpstreamOptions) {
    this.models = options.models ?? ['test-model'];
    this.#record = options.record ?? true;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(options: RecordingUpstreamOptions = {}): Promise<RecordingUpstream> {
    const upstream = new RecordingUpstream(options);
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next request nobody has taken yet and that is `wanted`, now or when it comes. */
  next(wanted: (exchange: Exchange) => boolean = () => true): Promise<Exchange> {
    const at = this.#untaken.findIndex(wanted);
    const [ready] = at < 0 ? [] : this.#untaken.splice(at, 1);
    if (ready !== undefined) return Promise.resolve(ready);
    const found = deferred<Exchange>();
    this.#waiting.push({ wanted, found });
    return found.promise;
  }

  /** Resolves when no request is open. */
  idle(): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    const waiter = deferred();
    this.#idle.push(waiter);
    return waiter.promise;
  }

  /** All bytes of all connections as Latin-1 text, for "this never arrived". */
  everything(): string {
    return this.connections.map((connection) => Buffer.concat(connection.received).toString('latin1')).join('\n');
  }

  /** Back to answering as a model server, with nothing recorded and nobody waited for. */
  forget(): void {
    this.onRequest = answerAsModel;
    this.onHead = () => {};
    this.exchanges.length = 0;
    this.#untaken = [];
    this.#waiting = [];
    for (const connection of this.connections) connection.received.length = 0;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const connection: RecordedConnection = { socket, received: [], open: true };
    this.connections.push(connection);
    socket.on('error', () => {});
    socket.setMaxListeners(0);
    socket.on('close', () => (connection.open = false));
    let pending: Buffer = Buffer.alloc(0);
    let current: { head: Head; decoder: BodyDecoder; pieces: Buffer[]; exchange: Exchange } | null = null;
    socket.on('data', (data: Buffer) => {
      if (this.#record) connection.received.push(data);
      pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
      if (current === null) {
        const taken = takeHead(pending);
        if (taken === null) return;
        const decoder = new BodyDecoder(framingOf(taken.head.headers, { kind: 'length', bytes: 0 }));
        current = { head: taken.head, decoder, pieces: [], exchange: new Exchange(taken.head, socket) };
        pending = taken.rest;
        this.#begin(current.exchange);
      }
      current.pieces.push(current.decoder.push(pending));
      pending = Buffer.alloc(0);
      if (!current.decoder.done) return;
      pending = current.decoder.rest;
      const { exchange, pieces } = current;
      current = null;
      this.#arrived(exchange, Buffer.concat(pieces));
    });
  }

  #begin(exchange: Exchange): void {
    if (isProbe(exchange)) return;
    this.open += 1;
    void exchange.over.then(() => {
      this.open -= 1;
      if (this.open === 0) for (const waiter of this.#idle.splice(0)) waiter.resolve();
    });
    this.onHead(exchange.head, exchange.socket);
  }

  #arrived(exchange: Exchange, body: Buffer): void {
    exchange.body = body;
    if (isProbe(exchange)) return answerProbe(exchange, this.models);
    this.exchanges.push(exchange);
    const at = this.#waiting.findIndex((waiter) => waiter.wanted(exchange));
    const [waiter] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (waiter === undefined) this.#untaken.push(exchange);
    else waiter.found.resolve(exchange);
    this.onRequest(exchange);
  }
}

/** The gateway asks its upstreams for models, health and kind by itself; only what it forwards has an id. */
function isProbe(exchange: Exchange): boolean {
  return exchange.method === 'GET' && exchange.header('x-request-id') === undefined;
}
