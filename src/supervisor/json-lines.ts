import type { Socket } from 'node:net';

/** Far more than any message of ours, and little enough that a stranger cannot fill the memory. */
const LONGEST_LINE_BYTES = 1_048_576;

/** One JSON value a line, both ways. */
export interface JsonLines {
  send(message: object): void;
  close(): void;
}

/** Reads and writes lines over a socket. A line that is too long or no JSON ends the connection. `closed` is called once. */
export function jsonLines(socket: Socket, on: { message(value: unknown): void; closed(): void }): JsonLines {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE_BYTES) socket.destroy();
    for (const line of lines) {
      const value = parsed(line);
      if (value === undefined) return void socket.destroy();
      on.message(value);
    }
  });
  // What went wrong is known by the close that follows.
  socket.on('error', () => {});
  socket.on('close', () => on.closed());
  return {
    send: (message) => void socket.write(`${JSON.stringify(message)}\n`),
    close: () => void socket.destroy(),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
