import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as a fake server saw it. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
}

export interface Fake {
  url: string;
  port: number;
  seen: Seen[];
  /** Frees the port; later connections are refused. */
  stop(): Promise<void>;
}

type Routes = Readonly<Record<string, unknown>>;

export interface EngineOptions {
  host?: string;
  port?: number;
  /** The key it asks for on the paths `guarded` names. */
  key?: string;
  guarded?: (path: string) => boolean;
  headers?: Readonly<Record<string, string>>;
  /** Status and body of paths it does not know. */
  unknown?: { status: number; body: unknown };
}

/** A server that answers GETs by a table, as the named engine documents it. */
export async function startEngine(routes: Routes, options: EngineOptions = {}): Promise<Fake> {
  const { unknown = { status: 404, body: { detail: 'Not Found' } } } = options;
  return startHttp((request, response) => {
    const path = request.url ?? '';
    const guarded = options.key !== undefined && (options.guarded ?? (() => true))(path);
    const refused = guarded && request.headers.authorization !== `Bearer ${options.key}`;
    const found = Object.hasOwn(routes, path);
    const body = refused
      ? { error: { message: 'Invalid API Key', type: 'authentication_error', code: 401 } }
      : found
        ? routes[path]
        : unknown.body;
    response
      .writeHead(refused ? 401 : found ? 200 : unknown.status, {
        'content-type': 'application/json',
        ...options.headers,
      })
      .end(JSON.stringify(body));
  }, options);
}

export async function startHttp(
  listener: RequestListener,
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
): Promise<Fake> {
  const seen: Seen[] = [];
  const server = createHttpServer((request, response) => {
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    listener(request, response);
  });
  return { ...(await listening(server, host, port)), seen };
}

/** A server below HTTP: each connection is handed over as it comes. */
export async function startTcp(serve: (socket: Socket) => void): Promise<Fake> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  return { ...(await listening(server, '127.0.0.1', 0)), seen: [] };
}

async function listening(server: Server | TcpServer, host: string, port: number): Promise<Omit<Fake, 'seen'>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(stop);
  const reachable = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return { url: `http://${reachable}:${taken}`, port: taken, stop };
}

export function list(ownedBy: string, ...ids: string[]): object {
  return {
    object: 'list',
    data: ids.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: ownedBy })),
  };
}

const underV1 = (path: string): boolean => path.startsWith('/v1/');

/** llama.cpp shows its list to everyone and guards all else when it has a key, also paths it does not know. */
export const llamaCpp = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    {
      '/v1/models': {
        ...list('llamacpp', 'gemma-3-4b.gguf'),
        models: [{ name: 'gemma-3-4b.gguf', model: 'gemma-3-4b.gguf' }],
      },
      '/props': { default_generation_settings: { n_ctx: 4096 }, total_slots: 1, model_path: 'gemma-3-4b.gguf' },
    },
    { headers: { server: 'llama.cpp' }, guarded: (path) => path !== '/v1/models', ...options },
  );

export const vllm = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    { '/v1/models': list('vllm', 'Qwen/Qwen3-8B'), '/version': { version: '0.11.0' } },
    { headers: { server: 'uvicorn' }, guarded: underV1, ...options },
  );

export const sglang = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    {
      '/v1/models': list('sglang', 'Qwen/Qwen3-8B'),
      '/get_model_info': { model_path: 'Qwen/Qwen3-8B', is_generation: true },
    },
    { headers: { server: 'uvicorn' }, ...options },
  );

export const ollama = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    {
      '/v1/models': list('library', 'llama3.2:latest'),
      '/api/tags': { models: [{ name: 'llama3.2:latest', model: 'llama3.2:latest', size: 2_019_393_189 }] },
      '/api/version': { version: '0.12.6' },
    },
    options,
  );

/** LM Studio answers paths it does not know with 200 and an error. */
export const lmStudio = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    {
      '/v1/models': list('organization_owner', 'qwen3-8b'),
      '/api/v0/models': { object: 'list', data: [{ id: 'qwen3-8b', object: 'model', type: 'llm', state: 'loaded' }] },
    },
    { unknown: { status: 200, body: { error: 'Unexpected endpoint or method.' } }, ...options },
  );

export const llamaStack = (options: EngineOptions = {}): Promise<Fake> =>
  startEngine(
    {
      '/v1/models': list('', 'ollama/llama3.2'),
      '/v1/providers': { data: [{ api: 'inference', provider_id: 'ollama' }] },
      '/v1/version': { version: '0.3.0' },
    },
    options,
  );
