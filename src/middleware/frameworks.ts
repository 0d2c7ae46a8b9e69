import { fromFetchHeaders, fromRawHeaders, type AskedRequest } from './asked-request.js';
import type { KeyHolder } from './holder.js';

/** What is needed of Node's request, which Express and Connect hand on. */
export interface NodeRequest {
  method?: string | undefined;
  url?: string | undefined;
  /** Express: the target before a router took its part of it. */
  originalUrl?: string;
  rawHeaders: string[];
  socket?: { remoteAddress?: string | undefined } | null;
}

export interface NodeResponse {
  headersSent: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** What is needed of Fastify's request and reply. */
export interface FastifyRequest {
  raw: NodeRequest;
}

export interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** What is needed of Hono's context. */
export interface HonoContext {
  req: { raw: Request };
  env?: unknown;
  set(name: string, value: unknown): void;
}

/**
 * One guard for three frameworks; which one calls is seen by what it hands over.
 * Express, Connect, `node:http`: `app.use(guard)`. Fastify: `app.addHook('onRequest', guard)`.
 * Hono: `app.use(guard)`. The holder is found in `request.keyHolder`, in Hono `context.get('keyHolder')`.
 */
export interface KeyGuard {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void;
  (request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  (context: HonoContext, next: () => Promise<void>): Promise<Response | void>;
}

/** The answer to a refused request. */
export interface Refused {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Judges one request; never rejects. */
export type Judge = (request: AskedRequest) => Promise<{ holder: KeyHolder } | { refused: Refused }>;

/** Puts a judge behind the way in of each framework. */
export function guardOf(judge: Judge): KeyGuard {
  const guard = (first: unknown, second: unknown, third?: unknown): unknown => {
    if (isHono(first)) return inHono(judge, first, second as () => Promise<void>);
    if (isFastify(first)) return inFastify(judge, first, second as FastifyReply);
    if (typeof third !== 'function')
      throw new TypeError('requireKey: the guard was called by a framework it does not know.');
    void inNode(judge, {
      request: first as NodeRequest,
      response: second as NodeResponse,
      next: third as (error?: unknown) => void,
    });
    return undefined;
  };
  return guard as KeyGuard;
}

function isHono(value: unknown): value is HonoContext {
  return (
    typeof value === 'object' &&
    value !== null &&
    'req' in value &&
    'set' in value &&
    isObject(value.req) &&
    value.req['raw'] instanceof Request
  );
}

function isFastify(value: unknown): value is FastifyRequest {
  return isObject(value) && isObject(value['raw']) && Array.isArray(value['raw']['rawHeaders']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

interface NodeCall {
  request: NodeRequest;
  response: NodeResponse;
  next: (error?: unknown) => void;
}

async function inNode(judge: Judge, { request, response, next }: NodeCall): Promise<void> {
  const judged = await judge(fromNode(request));
  if ('holder' in judged) {
    Object.assign(request, { keyHolder: judged.holder });
    // What a later handler throws is not for this promise to swallow.
    queueMicrotask(next);
    return;
  }
  if (response.headersSent) return;
  response.writeHead(judged.refused.status, judged.refused.headers);
  response.end(judged.refused.body);
}

async function inFastify(judge: Judge, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const judged = await judge(fromNode(request.raw));
  if ('holder' in judged) {
    Object.assign(request, { keyHolder: judged.holder });
    return undefined;
  }
  reply.code(judged.refused.status);
  reply.headers(judged.refused.headers);
  reply.send(judged.refused.body);
  return reply;
}

async function inHono(judge: Judge, context: HonoContext, next: () => Promise<void>): Promise<Response | void> {
  const { raw } = context.req;
  const url = new URL(raw.url);
  const judged = await judge({
    method: raw.method,
    target: url.pathname + url.search,
    headers: fromFetchHeaders(raw.headers),
    peer: peerIn(context.env),
  });
  if ('refused' in judged) return new Response(judged.refused.body, judged.refused);
  context.set('keyHolder', judged.holder);
  await next();
}

function fromNode({ method = 'GET', url = '/', originalUrl, rawHeaders, socket }: NodeRequest): AskedRequest {
  return {
    method,
    target: originalUrl ?? url,
    headers: fromRawHeaders(rawHeaders),
    peer: socket?.remoteAddress ?? null,
  };
}

/** Hono's server for Node hands Node's request on as `env.incoming`. */
function peerIn(env: unknown): string | null {
  const incoming = isObject(env) ? env['incoming'] : undefined;
  const socket = isObject(incoming) ? incoming['socket'] : undefined;
  const address = isObject(socket) ? socket['remoteAddress'] : undefined;
  return typeof address === 'string' ? address : null;
}
