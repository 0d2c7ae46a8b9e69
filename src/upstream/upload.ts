import type { Socket } from 'node:net';
import { UnsendableRequest } from './request-head.js';
import type { UploadRest } from './transport.js';

/** The head is out; what of the body is still on its way follows as it comes. */
export interface Upload {
  socket: Socket;
  /** The beginning of the body, which is here already. */
  body: Buffer | null;
  rest: UploadRest;
  /** Nobody wants it any more. */
  isOver(): boolean;
}

/** Sends the body piece by piece, held back by the server. Rejects with what `rest` throws, or when its length is not the one announced. */
export async function upload({ socket, body, rest, isOver }: Upload): Promise<void> {
  let left = rest.bytes;
  for await (const piece of joined(body, rest)) {
    if (isOver()) return;
    if (piece.length === 0) continue;
    if (left !== null && piece.length > left) throw new UnsendableRequest('the body is longer than announced');
    if (left !== null) left -= piece.length;
    const isTaken = left === null ? writeChunk(socket, piece) : socket.write(piece);
    if (!isTaken) await drained(socket);
  }
  if (isOver()) return;
  if (left === null) socket.write('0\r\n\r\n', 'latin1');
  else if (left > 0) throw new UnsendableRequest('the body is shorter than announced');
}

async function* joined(body: Buffer | null, rest: UploadRest): AsyncGenerator<Buffer> {
  if (body !== null) yield body;
  yield* rest.pieces();
}

function writeChunk(socket: Socket, piece: Buffer): boolean {
  socket.cork();
  socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
  socket.write(piece);
  const isTaken = socket.write('\r\n', 'latin1');
  socket.uncork();
  return isTaken;
}

/** Resolves when the socket takes more, or never will. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    if (socket.destroyed) done();
  });
}
