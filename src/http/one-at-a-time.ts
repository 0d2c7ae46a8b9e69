import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that wait for the one before them. A client that sends more ahead is cut off. */
const MAX_WAITING = 32;

interface Turns {
  /** Runs `start` when every earlier request of this connection is answered. */
  take(socket: Socket, response: ServerResponse, start: () => void): void;
}

/**
 * Pipelined requests are judged and answered one after the other: a later one is not looked at while
 * an earlier one runs, so it is judged by what holds when its turn comes, and its answer never piles
 * up in memory behind a stream.
 */
export function createTurnTaking(): Turns {
  const waiting = new WeakMap<Socket, (() => void)[]>();
  const next = (socket: Socket): void => {
    const queue = waiting.get(socket);
    const start = queue?.shift();
    if (start === undefined || socket.destroyed) waiting.delete(socket);
    else start();
  };
  return {
    take(socket, response, start) {
      response.once('close', () => next(socket));
      const queue = waiting.get(socket);
      if (queue === undefined) {
        waiting.set(socket, []);
        start();
      } else if (queue.length < MAX_WAITING) {
        queue.push(start);
      } else {
        socket.destroy();
      }
    },
  };
}
