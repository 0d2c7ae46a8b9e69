import type { Socket } from 'node:net';
import { ERRORS, type ErrorCode } from '../core/errors.js';

/** What Node's parser refuses, by its code; everything else it refuses is a bad request. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'request_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers bytes that are no request, and closes: what follows them on the connection is never read. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'bad_request';
  const { status, message, type } = ERRORS[code];
  const body = JSON.stringify({ error: { message, type, param: null, code } });
  // In the middle of an answer these bytes would become part of it; then breaking off is all that can be said.
  const answering =
    (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true;
  if (!answering) {
    socket.write(
      `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
