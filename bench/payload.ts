const BODY_BYTES = 500;

/** A request to be answered at once, with a stream of events, or with a stream that falls silent after the first. */
export type Kind = 'short' | 'streamed' | 'silent';

/** What a body says to the model server of the benchmark that is to fall silent. */
export const SILENT = '"user":"silent"';

const MEMBERS: Record<Kind, object> = {
  short: {},
  streamed: { stream: true },
  silent: { stream: true, user: 'silent' },
};

/** The body of the measured request: a chat of 500 bytes, unless another size is given. */
export function chatBody(kind: Kind, bytes = BODY_BYTES): string {
  const text = (content: string): string =>
    JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }], ...MEMBERS[kind] });
  return text('x'.repeat(bytes - text('').length));
}

/** The whole measured request, as bytes of HTTP/1.1. */
export function chatRequest(key: string, kind: Kind, bytes = BODY_BYTES): Buffer {
  const body = chatBody(kind, bytes);
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
