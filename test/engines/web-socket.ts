import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A frame as a client (masked) or a server sends it. */
export function frame(
  opcode: number,
  body: Buffer | string,
  options: { masked?: boolean; fin?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(body);
  const first = (options.fin === false ? 0 : 0x80) | opcode;
  const mask = options.masked === true ? randomBytes(4) : null;
  const bit = mask === null ? 0 : 0x80;
  let head = Buffer.from([first, bit | bytes.length]);
  if (bytes.length > 65_535) {
    head = Buffer.alloc(10);
    head.writeUInt8(first, 0);
    head.writeUInt8(bit | 127, 1);
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  } else if (bytes.length > 125) {
    head = Buffer.from([first, bit | 126, bytes.length >> 8, bytes.length & 255]);
  }
  if (mask === null) return Buffer.concat([head, bytes]);
  return Buffer.concat([head, mask, bytes.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** One connection that was switched, at the model server. */
export interface ServerSide {
  request: IncomingMessage;
  socket: Duplex;
}

/** A model server that speaks WebSocket at any path, and lists no models. */
export class RealtimeServer {
  readonly sides: ServerSide[] = [];
  /** Answers in place of the switch, when set. */
  refuse: number | null = null;
  readonly #server: Server;
  #wake: (side: ServerSide) => void = () => {};

  private constructor() {
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket: Socket) => {
      if (this.refuse !== null) {
        socket.end(`HTTP/1.1 ${this.refuse} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        return;
      }
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key'] ?? ''}${MAGIC}`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      socket.on('error', () => {});
      socket.on('end', () => socket.end());
      socket.resume();
      const side = { request, socket };
      this.sides.push(side);
      this.#wake(side);
    });
  }

  static async start(): Promise<RealtimeServer> {
    const made = new RealtimeServer();
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  next(): Promise<ServerSide> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async close(): Promise<void> {
    for (const { socket } of this.sides) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A raw WebSocket client: sends a handshake, then reads frames. */
export class RealtimeClient {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#wake();
    });
    socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  static async handshake(
    url: string,
    target: string,
    headers: Record<string, string>,
  ): Promise<{ client: RealtimeClient; head: string }> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const client = new RealtimeClient(socket);
    const all = {
      host: `${hostname}:${port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    socket.write(
      [`GET ${target} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`), '', ''].join(
        '\r\n',
      ),
    );
    const end = await client.#until(
      () => client.#received.indexOf('\r\n\r\n'),
      (at) => at >= 0,
    );
    const head = client.#received.toString('latin1', 0, end);
    client.#received = client.#received.subarray(end + 4);
    return { client, head };
  }

  /** The next whole frame; null when the connection ended before there was one. */
  async frame(): Promise<{ opcode: number; body: Buffer } | null> {
    const found = await this.#until(
      () => this.#parse(),
      (one) => one !== null || this.ended,
    );
    return found;
  }

  async closed(): Promise<void> {
    await this.#until(
      () => this.ended,
      (ended) => ended,
    );
  }

  #parse(): { opcode: number; body: Buffer } | null {
    const bytes = this.#received;
    if (bytes.length < 2) return null;
    const short = (bytes[1] ?? 0) & 0x7f;
    const from = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < from) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < from + length) return null;
    this.#received = bytes.subarray(from + length);
    return { opcode: (bytes[0] ?? 0) & 15, body: bytes.subarray(from, from + length) };
  }

  async #until<T>(look: () => T, good: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = look();
      if (good(value) || this.ended) return value;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
