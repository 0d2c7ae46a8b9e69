import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SILENT } from './payload.js';
import { tell } from './role.js';

const EVENT_BYTES = 178;
const GROUPS = 10;
const EVENTS_PER_SECOND = 50;
const ANSWER_BYTES = 320;
const LARGE_BYTES = 1_000_000;

/**
 * The model server of the benchmark: no framework, answers from ready-made bytes. A body with
 * `"stream":true` gets 50 events a second until the caller leaves, in ten groups spread over the period; one that is
 * to fall silent gets a single one.
 */
export function backend(): void {
  const streams: Set<Socket>[] = Array.from({ length: GROUPS }, () => new Set());
  let opened = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    let pending: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => streams.forEach((group) => group.delete(socket)));
    let skipped = 0;
    socket.on('data', (received) => {
      const data = received.subarray(Math.min(skipped, received.length));
      const isEnd = skipped > 0 && received.length >= skipped;
      skipped = Math.max(0, skipped - received.length);
      if (isEnd) socket.write(ANSWER);
      if (skipped > 0) return;
      pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
      const large = largeBody(pending);
      if (large > 0) {
        skipped = large;
        pending = Buffer.alloc(0);
        return;
      }
      for (let request = takeRequest(pending); request !== null; request = takeRequest(pending)) {
        pending = request.rest;
        if (request.streamed) {
          socket.write(STREAM_HEAD);
          if (request.silent) socket.write(EVENT);
          else streams[opened++ % GROUPS]?.add(socket);
        } else {
          socket.write(request.listing ? MODELS : ANSWER);
        }
      }
    });
  });
  const start = performance.now();
  const turnMs = 1000 / EVENTS_PER_SECOND / GROUPS;
  let turn = 0;
  setInterval(() => {
    for (const due = (performance.now() - start) / turnMs; turn < due; turn += 1) {
      for (const socket of streams[turn % GROUPS] ?? []) socket.write(EVENT);
    }
  }, 1);
  server.listen(0, '127.0.0.1', () => tell({ what: 'listening', port: (server.address() as AddressInfo).port }));
}

interface TakenRequest {
  rest: Buffer;
  streamed: boolean;
  silent: boolean;
  listing: boolean;
}

function takeRequest(pending: Buffer): TakenRequest | null {
  const headEnd = pending.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = pending.toString('latin1', 0, headEnd);
  const bodyStart = headEnd + 4;
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return takeChunked(pending, bodyStart);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const end = bodyStart + length;
  if (pending.length < end) return null;
  const body = pending.toString('latin1', bodyStart, end);
  return { rest: pending.subarray(end), ...kindOf(body), listing: head.startsWith('GET') };
}

function takeChunked(pending: Buffer, bodyStart: number): TakenRequest | null {
  const last = pending.indexOf('\r\n0\r\n\r\n', bodyStart);
  if (last < 0) return null;
  const body = pending.toString('latin1', bodyStart, last);
  return { rest: pending.subarray(last + 7), ...kindOf(body), listing: false };
}

function kindOf(body: string): { streamed: boolean; silent: boolean } {
  return { streamed: body.includes('"stream":true'), silent: body.includes(SILENT) };
}

/** How much is still to come of a body that is too large to be gathered; 0 = it is none. */
function largeBody(pending: Buffer): number {
  const headEnd = pending.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(pending.toString('latin1', 0, headEnd))?.[1] ?? 0);
  return length < LARGE_BYTES ? 0 : Math.max(0, headEnd + 4 + length - pending.length);
}

const answerText = JSON.stringify({
  id: 'chatcmpl-benchmark',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
});
const answerBody = answerText.replace('"content":""', `"content":"${'x'.repeat(ANSWER_BYTES - answerText.length)}"`);
const ANSWER = whole(answerBody);
const MODELS = whole(
  JSON.stringify({ object: 'list', data: [{ id: 'bench', object: 'model', created: 1, owned_by: 'bench' }] }),
);
const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
);
const eventText = (content: string): string =>
  `data: {"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`;
const event = eventText('x'.repeat(Math.max(1, EVENT_BYTES - eventText('').length)));
const EVENT = Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`);

function whole(body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
