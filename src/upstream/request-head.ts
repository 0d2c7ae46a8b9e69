import type { OutgoingRequest } from './transport.js';

/** What no line of a head may hold: it would end the line. */
const LINE_BREAKER = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_A_TARGET = /[^\x21-\x7e]/;
/** Requests that usually bring a body say so when they have none. */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Something of ours that cannot be written into a head; nothing was sent. */
export class UnsendableRequest extends Error {
  override readonly name = 'UnsendableRequest';
  readonly code = 'UNSENDABLE_REQUEST';
}

/** The head of a request in the bytes (Latin-1) that travel, the empty line included. `host` is the value of that header. */
export function requestHead(request: OutgoingRequest, host: string): string {
  const { method, path, headers, upgrade } = request;
  if (NOT_A_TARGET.test(path)) throw new UnsendableRequest('the path holds a character that must be percent-encoded');
  const connection = upgrade === undefined ? 'keep-alive' : `upgrade\r\nupgrade: ${upgrade}`;
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1] ?? '';
    if (LINE_BREAKER.test(value)) throw new UnsendableRequest(`the header ${headers[at]} holds a control character`);
    head += `${headers[at]}: ${value}\r\n`;
  }
  return `${head}${framing(request)}\r\n`;
}

function framing({ method, body, rest }: OutgoingRequest): string {
  if (rest !== null && rest !== undefined)
    return rest.bytes === null ? 'transfer-encoding: chunked\r\n' : `content-length: ${rest.bytes}\r\n`;
  const bytes = body?.length ?? 0;
  return bytes > 0 || WITH_BODY.has(method) ? `content-length: ${bytes}\r\n` : '';
}
