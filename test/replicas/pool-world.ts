import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AdminClient } from '../support/admin-client.js';
import { startTestGateway, type TestGateway } from '../support/start-gateway.js';

/** A model server that can go away and come back at the same port, and answers as slowly as it is told. */
export class Replica {
  /** Requests of callers that arrived whole. */
  requests = 0;
  /** When they did, in monotonic milliseconds. */
  readonly arrivals: number[] = [];
  /** How many of them run now, and how many ran at one time at most. */
  running = 0;
  mostRunning = 0;
  /** Bodies of requests, when `keepBodies` is on. */
  readonly bodies: Record<string, unknown>[] = [];
  keepBodies = false;
  slots: number | null = null;
  delayMs = 0;
  /** What answers a request of a caller, in place of a short chat answer after `delayMs`. */
  answer: ((response: ServerResponse, incoming: IncomingMessage) => void) | null = null;
  /** What answers questions of the gateway; null = its model list. */
  probed: ((response: ServerResponse, incoming: IncomingMessage) => boolean) | null = null;
  /** Paths the gateway asked of its own. */
  readonly asked: string[] = [];
  readonly #models: readonly string[];
  #server: Server | null = null;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(models: readonly string[]) {
    this.#models = models;
  }

  static async start(models: readonly string[] = ['m']): Promise<Replica> {
    const replica = new Replica(models);
    await replica.comeBack();
    onTestFinished(() => replica.goAway());
    return replica;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  async comeBack(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((incoming, response) => this.#serve(incoming, response));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Frees the port and breaks every connection, as a process that is killed. */
  async goAway(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    if (incoming.method === 'GET') return this.#tell(incoming, response);
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      this.requests += 1;
      this.arrivals.push(performance.now());
      this.running += 1;
      this.mostRunning = Math.max(this.mostRunning, this.running);
      if (this.keepBodies)
        this.bodies.push(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, unknown>);
      response.on('close', () => (this.running -= 1));
      if (this.answer !== null) this.answer(response, incoming);
      else if (this.delayMs === 0) json(response, 200, CHAT);
      else setTimeout(() => json(response, 200, CHAT), this.delayMs);
    });
  }

  #tell(incoming: IncomingMessage, response: ServerResponse): void {
    this.asked.push(incoming.url ?? '');
    if (this.probed?.(response, incoming) === true) return;
    if (incoming.url === '/v1/models') {
      return json(response, 200, {
        object: 'list',
        data: this.#models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'test' })),
      });
    }
    if (incoming.url === '/props' && this.slots !== null)
      return json(response, 200, { default_generation_settings: {}, total_slots: this.slots });
    json(response, 404, { error: { message: 'no such path' } });
  }
}

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
};

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers })
    .end(bytes);
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
  tookMs: number;
}

export interface PoolWorld {
  gateway: TestGateway;
  admin: AdminClient;
  key: string;
  /** One chat request. Rejects when the connection breaks. */
  chat(body?: Record<string, unknown>, signal?: AbortSignal): Promise<Answer>;
  /** Code of the error of an answer. */
  codeOf(answer: Answer): string | undefined;
}

/** A gateway whose model `m` has these replicas. */
export async function startPools(
  replicas: readonly unknown[],
  model: Record<string, unknown> = {},
): Promise<PoolWorld> {
  const named = replicas.map((replica) => (replica instanceof Replica ? { url: replica.url } : replica));
  return startPoolsOf({ models: { m: { replicas: named, ...model } } });
}

export async function startPoolsOf(config: Record<string, unknown>): Promise<PoolWorld> {
  const gateway = await startTestGateway(config);
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  onTestFinished(async () => {
    agent.destroy();
    await gateway.close();
  });
  await gateway.running.settled;
  const { key } = await gateway.admin.createKey({ scopes: ['infer'] });
  return {
    gateway,
    admin: gateway.admin,
    key,
    chat: (body = {}, signal) =>
      send(
        { url: gateway.url, key, agent, signal },
        { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body },
      ),
    codeOf: ({ body }) => (body['error'] as { code?: string } | undefined)?.code,
  };
}

function send(
  { url, key, agent, signal }: { url: string; key: string; agent: Agent; signal: AbortSignal | undefined },
  body: unknown,
): Promise<Answer> {
  const bytes = Buffer.from(JSON.stringify(body));
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': bytes.length,
    };
    const outgoing = request(
      `${url}/v1/chat/completions`,
      { method: 'POST', agent, headers, ...(signal === undefined ? {} : { signal }) },
      (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: parsed,
            tookMs: performance.now() - startedAt,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** What the gateway says of its replicas, by their URL. */
export async function statesOf({
  admin,
}: PoolWorld): Promise<Record<string, { state: string; detail: string | null }>> {
  const { data } = (await admin.must('GET', '/models')) as {
    data: { replicas: { url: string; state: string; detail: string | null }[] }[];
  };
  return Object.fromEntries(
    data.flatMap(({ replicas }) => replicas.map(({ url, state, detail }) => [url, { state, detail }])),
  );
}
