import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../core/clock.js';
import { onOpened } from './opened-sockets.js';

/** A connection that has not brought a whole request head by then is closed. */
const SILENT_MS = 10_000;
const CHECK_MS = 1000;
/** Node tells of a whole head by one of these and by no other of them. */
const WHOLE_HEADS = ['request', 'checkContinue', 'checkExpectation', 'upgrade'] as const;

/** Closes connections that were opened and then stayed silent; Node's own timeouts start with the first byte. */
export function watchSilentSockets(server: Server, clock: Clock): Cancel {
  const silent = new Map<Socket, number>();
  // Over TLS the handshake has its own time limit.
  onOpened(server, (socket) => {
    silent.set(socket, clock.monotonic());
    socket.once('close', () => silent.delete(socket));
  });
  for (const event of WHOLE_HEADS) server.on(event, ({ socket }: { socket: Socket }) => silent.delete(socket));
  return clock.every(CHECK_MS, () => {
    const before = clock.monotonic() - SILENT_MS;
    for (const [socket, since] of silent) {
      // In the order of their opening: the first young one ends the walk.
      if (since > before) return;
      socket.destroy();
    }
  });
}
