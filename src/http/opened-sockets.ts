import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Calls `opened` with every connection that requests will come from: over TLS that is the one behind the handshake. */
export function onOpened(server: Server, opened: (socket: Socket) => void): void {
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', opened);
}
