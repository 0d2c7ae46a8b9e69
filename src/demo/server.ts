import { randomBytes, timingSafeEqual, createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { systemClock, unixSeconds, type Clock } from '../core/clock.js';
import { Secret } from '../core/secret.js';
import type { Body, Frame } from './answer.js';
import { answerGet, answerPost, refusal, type Reply } from './routes.js';

export interface DemoOptions {
  clock?: Clock;
  /** Before each streamed word. */
  pauseMs?: number;
}

/** The running demo model server. */
export interface Demo {
  /** Loopback, on a port of its own. */
  url: string;
  /** Made at start, known to nobody else: every request needs it as Bearer or `x-api-key`. */
  apiKey: Secret;
  /** Ends running answers and frees the port. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 67_108_864;
const PAUSE_MS = 25;

/** A small OpenAI-compatible server with the one model `demo`, so that a machine without an engine can try every route. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const clock = options.clock ?? systemClock;
  const apiKey = new Secret(`demo-${randomBytes(32).toString('base64url')}`);
  const started = unixSeconds(clock);
  const server = createServer((request, response) => {
    const reply = (outcome: Reply): void => send(response, outcome, { clock, pauseMs: options.pauseMs ?? PAUSE_MS });
    answer(request, { apiKey, clock, started }).then(reply, () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, apiKey, close: () => closeServer(server) };
}

async function answer(
  request: IncomingMessage,
  { apiKey, clock, started }: { apiKey: Secret; clock: Clock; started: number },
): Promise<Reply> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (request.method === 'GET' && path === '/') return { status: 200, body: { name: 'keyporter demo model server' } };
  if (!holdsKey(request, apiKey)) {
    const type = path.startsWith('/v1/messages') ? 'authentication_error' : 'invalid_api_key';
    return refusal(path, { status: 401, type, message: 'Only the Keyporter that started this demo may use it.' });
  }
  if (request.method === 'GET') return answerGet(path, started);
  if (request.method !== 'POST')
    return refusal(path, { status: 405, type: 'invalid_request_error', message: 'The demo takes GET and POST.' });
  const text = await readBody(request);
  if (text === null)
    return refusal(path, {
      status: 413,
      type: 'request_too_large',
      message: 'The body is larger than the demo takes.',
    });
  const body = parseBody(text);
  if (body === null)
    return refusal(path, { status: 400, type: 'invalid_request_error', message: 'The body is not a JSON object.' });
  return answerPost(path, body, unixSeconds(clock));
}

function holdsKey({ headers }: IncomingMessage, apiKey: Secret): boolean {
  const own = headers['x-api-key'];
  const sent = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? (typeof own === 'string' ? own : '');
  return timingSafeEqual(digest(sent), digest(apiKey.reveal()));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : null;
  } catch {
    return null;
  }
}

interface Pace {
  clock: Clock;
  pauseMs: number;
}

function send(response: ServerResponse, reply: Reply, pace: Pace): void {
  if ('frames' in reply) return stream(response, reply.frames, pace);
  const body = JSON.stringify(reply.body);
  response
    .writeHead(reply.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

/** One frame after the other, a pause before each word; a reader that is slow or gone stops it at once. */
function stream(response: ServerResponse, frames: readonly Frame[], { clock, pauseMs }: Pace): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  let at = 0;
  let cancel = (): void => {};
  response.once('close', () => cancel());
  const write = (): void => {
    const next = frames[at];
    at += 1;
    if (response.destroyed) return;
    if (next === undefined) return void response.end();
    const roomy = response.write(next.text);
    if (!roomy) return void response.once('drain', proceed);
    proceed();
  };
  const proceed = (): void => {
    if (frames[at]?.paced === true) cancel = clock.after(pauseMs, write);
    else write();
  };
  proceed();
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
