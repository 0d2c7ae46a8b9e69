import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import { onOpened } from './opened-sockets.js';

/** Connections that are taken when there are as many as there may be. */
export const RESERVE = 16;
/** One of them that asks nothing for so long makes room for another. */
const SILENT_MS = 2000;

/**
 * Tells the connections apart that came when all others were taken. They are there so that health can still be
 * seen and a flood be ended, not for more work.
 */
export function watchReserve(server: Server, most: number, clock: Clock): (socket: Socket) => boolean {
  const beyond = new WeakSet<Socket>();
  let open = 0;
  onOpened(server, (socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open <= most) return;
    beyond.add(socket);
    const cancel = clock.after(SILENT_MS, () => socket.destroy());
    socket.once('data', cancel);
    socket.once('close', cancel);
  });
  return (socket) => beyond.has(socket);
}
