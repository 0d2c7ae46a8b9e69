import { readFileSync } from 'node:fs';
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { OutgoingRequest } from './transport.js';

const KEEP_ALIVE_PROBE_MS = 60_000;

/** Where connections of one pool go, and how. */
export interface ServerAddress {
  /** Value of the `host` header. */
  name: string;
  secure: boolean;
  connectMs: number;
  /** Opens a connection; with `onread`, what comes is handed over there and nowhere else. */
  open(onread?: OnReadOpts): Socket;
}

/** Reads the address out of a request. Throws when its file of certificates cannot be used. */
export function serverAddress({ origin, caFile, connectMs }: OutgoingRequest): ServerAddress {
  const url = new URL(origin);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (secure ? 443 : 80) : url.port);
  const plain = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
  const tls = {
    ...plain,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(caFile === null ? {} : { secureContext: contextOf(caFile) }),
  };
  let session: Buffer | undefined;
  const openTls = (options: object): TLSSocket => {
    const socket = connectTls({ ...tls, ...options, ...(session === undefined ? {} : { session }) });
    // Spares the next connection a part of the handshake.
    socket.on('session', (fresh) => (session = fresh));
    return socket;
  };
  return {
    name: url.host,
    secure,
    connectMs,
    open(onread) {
      const options = onread === undefined ? {} : { onread };
      return secure ? openTls(options) : connect({ ...plain, ...options });
    },
  };
}

/** Made once: reading all certificates takes longer than a handshake. */
function contextOf(caFile: string): SecureContext {
  return createSecureContext({ ca: [...rootCertificates, readFileSync(caFile, 'utf8')] });
}
