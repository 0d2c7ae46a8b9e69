const BODY_BYTES = 500;

/** The body of the measured request: a chat of 500 bytes. */
export function chatBody(streamed: boolean): string {
  const text = (content: string): string =>
    JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }], ...(streamed ? { stream: true } : {}) });
  return text('x'.repeat(BODY_BYTES - text('').length));
}

/** The whole measured request, as bytes of HTTP/1.1. */
export function chatRequest(key: string, streamed: boolean): Buffer {
  const body = chatBody(streamed);
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
