import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import { createBodyReader } from './body.js';
import { answerBrokenRequest } from './broken-request.js';
import { NodeArrival, type Arrival } from './node-arrival.js';
import { createTurnTaking } from './one-at-a-time.js';
import { RESERVE, watchReserve } from './reserve.js';
import { watchSilentSockets } from './silent-sockets.js';

export interface TlsMaterial {
  cert: Buffer;
  key: Buffer;
  /** Client certificates are demanded when it is given. */
  clientCa: Buffer | null;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export interface ListenerOptions {
  /** Where to listen: a host and port, or the path of a unix socket. */
  at: { host: string; port: number } | { path: string };
  tls: TlsMaterial | null;
  /** Beyond it a few more are taken, for health and administration alone. */
  maxConnections: number;
  clock: Clock;
  onArrival(arrival: Arrival): void;
}

export interface Listener {
  /** The port bound; null on a unix socket. */
  port: number | null;
  /** New certificates for new connections; running ones stay. */
  renewTls(material: TlsMaterial): void;
  /** Takes no new connections and closes those that wait between two requests. */
  stopAccepting(): void;
  /** Hands a request of another server to this listener's front door. */
  handle(incoming: IncomingMessage, response: ServerResponse): void;
  /** Breaks every connection. */
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of common reverse proxies, so that they close first and never race with us. */
const KEEP_ALIVE_MS = 75_000;
const KEEP_ALIVE_PROBE_MS = 30_000;

/** Opens a listener; rejects with Node's error (`EADDRINUSE`, `EACCES`, ...) when it cannot. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const server = makeServer(options);
  const { clock, onArrival } = options;
  const bodies = createBodyReader(clock);
  const turns = createTurnTaking<NodeArrival>(onArrival);
  const isBeyond = watchReserve(server, options.maxConnections, clock);
  const arrive = (
    incoming: IncomingMessage,
    response: ServerResponse,
    how: { awaitsContinue?: boolean; early?: Buffer } = {},
  ): void => {
    const crowded = isBeyond(incoming.socket);
    const parts = { incoming, response, bodies, clock, crowded, awaitsContinue: false, ...how };
    turns.take(incoming.socket, new NodeArrival(parts));
  };
  server.on('request', (incoming, response) => arrive(incoming, response));
  server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) =>
    arrive(incoming, response, { awaitsContinue: true }),
  );
  // Node's own reading of the header is lax; the canonical request judges it again.
  server.on('checkExpectation', (incoming: IncomingMessage, response: ServerResponse) =>
    arrive(incoming, response, { awaitsContinue: true }),
  );
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, early: Buffer) => {
    // Behind an answer that still runs there is no telling whose bytes are whose.
    if (turns.isBusy(incoming.socket)) return void socket.destroy();
    arrive(incoming, responseOn(socket, incoming), { early });
  });
  server.on('clientError', answerBrokenRequest);
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  server.on('connect', (_incoming: IncomingMessage, socket: Socket) => {
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  const stopWatching = watchSilentSockets(server, clock);
  await listen(server, options.at);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : null,
    renewTls(material) {
      if ('setSecureContext' in server) server.setSecureContext(secureContext(material));
    },
    stopAccepting() {
      server.close();
      server.closeIdleConnections();
    },
    handle: (incoming, response) => arrive(incoming, response),
    close: () =>
      new Promise((resolve) => {
        stopWatching();
        bodies.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Node makes no response for a request that may switch protocols; whatever is refused there closes the connection. */
function responseOn(socket: Socket, incoming: IncomingMessage): ServerResponse {
  const response = new ServerResponse(incoming);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.on('finish', () => socket.destroySoon());
  socket.on('error', () => socket.destroy());
  return response;
}

function makeServer(options: ListenerOptions): Server | TlsServer {
  const settings = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // The pace of a body is judged where it is read; a fixed time would cut long uploads.
    requestTimeout: 0,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    noDelay: true,
    // A missing Host is refused together with every other odd one.
    requireHostHeader: false,
  };
  const server =
    options.tls === null
      ? createServer(settings)
      : createTlsServer({ ...settings, ...secureContext(options.tls), handshakeTimeout: HEADERS_TIMEOUT_MS });
  // Node would drop what is over its limit without a word; all of them are counted instead.
  server.maxHeadersCount = 0;
  server.maxConnections = options.maxConnections + RESERVE;
  return server;
}

function secureContext(tls: TlsMaterial): {
  cert: Buffer;
  key: Buffer;
  ca?: Buffer;
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
} {
  const client = tls.clientCa === null ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
  return { cert: tls.cert, key: tls.key, minVersion: tls.minVersion, ...client };
}

function listen(server: Server | TlsServer, at: ListenerOptions['at']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
