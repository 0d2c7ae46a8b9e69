import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that wait for the one before them. A client that sends more ahead is cut off. */
const MAX_WAITING = 32;

interface Turns {
  /** Runs `start` when every earlier request of this connection is answered. */
  take(socket: Socket, response: ServerResponse, start: () => void): void;
}

interface Connection {
  running: ServerResponse | null;
  waiting: { response: ServerResponse; start: () => void }[];
}

/**
 * Pipelined requests are judged and answered one after the other: a later one is not looked at while
 * an earlier one runs, so it is judged by what holds when its turn comes, and its answer never piles
 * up in memory behind a stream.
 *
 * A client that closes its side while an answer runs has hung up: the answer is broken off at once.
 * Node would first wait until everything written was taken.
 */
export function createTurnTaking(): Turns {
  const connections = new WeakMap<Socket, Connection>();
  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { running: null, waiting: [] };
    connections.set(socket, connection);
    socket.once('end', () => connection.running?.destroy());
    return connection;
  };
  const begin = (connection: Connection, response: ServerResponse, start: () => void): void => {
    connection.running = response;
    response.once('close', () => {
      connection.running = null;
      const next = connection.waiting.shift();
      if (next !== undefined && !next.response.destroyed) begin(connection, next.response, next.start);
    });
    start();
  };
  return {
    take(socket, response, start) {
      const connection = connectionOf(socket);
      if (connection.running === null) begin(connection, response, start);
      else if (connection.waiting.length < MAX_WAITING) connection.waiting.push({ response, start });
      else socket.destroy();
    },
  };
}
