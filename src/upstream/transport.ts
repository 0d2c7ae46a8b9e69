import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.js';
import type { FlatHeaders } from '../core/headers.js';
import { ConnectionPool } from './connection-pool.js';
import { Aborted, Delivery } from './delivery.js';
import { requestHead } from './request-head.js';
import { serverAddress, type ServerAddress } from './server-address.js';

/** The part of a body that is still on its way. */
export interface UploadRest {
  /** Length of the whole body; null when it is not known. */
  bytes: number | null;
  /** Throws a Refusal to break the request off. */
  pieces(): AsyncIterable<Buffer>;
}

/** A request as it leaves us. `headers` is flat; the body's length is set by the transport. */
export interface OutgoingRequest {
  /** Scheme, host and port. */
  origin: string;
  /** Path and query. */
  path: string;
  method: string;
  headers: string[];
  body: Buffer | null;
  /** Follows the body as it comes. */
  rest?: UploadRest | null;
  /** Asks the server to speak this protocol from here on. */
  upgrade?: 'websocket';
  connectMs: number;
  caFile: string | null;
}

/** What comes back. `head` and `data` answer false to hold the server back until `resume` is called. */
export interface IncomingAnswer {
  /** The first byte is about to be written: from here on the server may have begun. */
  started(): void;
  head(status: number, headers: FlatHeaders, resume: () => void): boolean;
  data(chunk: Buffer): boolean;
  end(): void;
  /** The server switched protocols, as was asked; the connection is the caller's now. */
  switched?(headers: FlatHeaders, socket: Duplex): void;
  /** Called once instead of `end`, also after an abort. */
  fail(error: Error): void;
}

export interface Transport {
  /** Sends; the answer arrives at `answer`. The result breaks it off, in any phase, and closes the connection. */
  send(request: OutgoingRequest, answer: IncomingAnswer): () => void;
  close(): Promise<void>;
}

/** How often it is looked for connections that were idle for long. */
const SWEEP_MS = 250;
/** What is read at once from one connection. */
const READ_BYTES = 65_536;
/** Beyond so many servers, those without a connection are forgotten: names may lead to new addresses again and again. */
const MOST_REMEMBERED = 256;

/** HTTP/1.1 to model servers over one pool of connections for each origin. */
export function createTransport(clock: Clock): Transport {
  const pools = new Map<string, { pool: ConnectionPool; address: ServerAddress }>();
  const memory = Buffer.alloc(READ_BYTES);
  let closed = false;
  const stopSweeping = clock.every(SWEEP_MS, () => {
    const now = clock.monotonic();
    for (const [name, { pool }] of pools) {
      pool.sweep(now);
      if (pools.size > MOST_REMEMBERED && pool.isEmpty) pools.delete(name);
    }
  });
  const serverOf = (request: OutgoingRequest): { pool: ConnectionPool; address: ServerAddress } => {
    const name = `${request.origin} ${request.connectMs} ${request.caFile ?? ''}`;
    const known = pools.get(name);
    if (known !== undefined) return known;
    const address = serverAddress(request);
    const made = { address, pool: new ConnectionPool(address, clock, memory) };
    pools.set(name, made);
    return made;
  };
  return {
    send(request, answer) {
      try {
        if (closed) throw new Aborted();
        const { pool, address } = serverOf(request);
        const delivery = new Delivery(request, requestHead(request, address.name), answer);
        pool.send(delivery);
        return () => delivery.abort();
      } catch (error) {
        answer.fail(error instanceof Error ? error : new Error(String(error)));
        return () => {};
      }
    },
    async close() {
      closed = true;
      stopSweeping();
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
  };
}
