import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, type Log } from '../../../src/core/log.js';
import { startTestGateway, type TestGateway } from '../../support/start-gateway.js';

/** Not `localhost` in the sense of the key file, and answered for by Linux all the same. */
export const EXTERNAL = '127.0.0.2';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  json(): Record<string, unknown>;
}

export interface Sending {
  /** Sent as JSON unless it is text. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The address the client calls from. */
  from?: string;
}

/** What a worker was sent. */
export interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
  response: ServerResponse;
}

/** A worker as the original has them, on a socket of its own: `GET /` for its health, `POST /infer` for work. */
export class Worker {
  readonly received: Received[] = [];
  status = 'running';
  /** What is done with a request; answers as a worker of `qwen3` unless replaced. */
  onInfer: (received: Received) => void = ({ response, body }) => answer(response, 200, workerAnswer(body));
  readonly #server: Server;
  #waiting: ((received: Received) => void)[] = [];

  private constructor() {
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
  }

  static async start(): Promise<Worker> {
    const worker = new Worker();
    await new Promise<void>((resolve) => worker.#server.listen(0, '127.0.0.1', resolve));
    return worker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next request that arrives. */
  next(): Promise<Received> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method === 'GET') {
      if (incoming.url === '/') return answer(response, 200, { service: 'Inference API Worker', status: this.status });
      return answer(response, 404, { detail: 'Not Found' });
    }
    const pieces: Buffer[] = [];
    for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, unknown>;
    const received = { path: incoming.url ?? '', headers: incoming.headers, body, response };
    this.received.push(received);
    this.#waiting.shift()?.(received);
    this.onInfer(received);
  }
}

function workerAnswer(body: Record<string, unknown>): object {
  const { input } = body['request_body'] as { input?: string };
  return {
    response: `echo ${input}`,
    gpu_id_of_model_worker: 'auto',
    model_name_processed: body['model_name'],
    duration_seconds: 0.12,
    api_worker_pid: 4242,
  };
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export const DEFAULT_FILE = {
  valid_keys: ['k1'],
  require_auth_for_external: true,
  local_networks: ['127.0.0.1', 'localhost', '::1'],
};

export interface OrchestraWorld {
  worker: Worker;
  gateway: TestGateway;
  /** Of the orchestra listener. */
  url: string;
  keysFile: string;
  writeKeys(content: unknown): Promise<void>;
  call(method: string, path: string, sending?: Sending): Promise<Answer>;
  /** `POST /infer` to `qwen3` from outside with the key `k1`, unless told otherwise. */
  infer(sending?: Sending & { key?: string | null }): Promise<Answer>;
  close(): Promise<void>;
}

export interface WorldOptions {
  file?: unknown;
  orchestra?: Record<string, unknown>;
  config?: Record<string, unknown>;
  log?: Log;
  listen?: string;
}

/** A listener of the profile before one worker, with a key file of its own. */
export async function startOrchestraWorld({
  file = DEFAULT_FILE,
  orchestra = {},
  config = {},
  log = silentLog,
  listen = '127.0.0.1:0',
}: WorldOptions = {}): Promise<OrchestraWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'kp-orchestra-'));
  const keysFile = join(dir, 'api_keys.json');
  const writeKeys = (content: unknown): Promise<void> =>
    writeFile(keysFile, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  await writeKeys(file);
  const worker = await Worker.start();
  const gateway = await startTestGateway(
    {
      listen: undefined,
      listeners: [{ listen: '127.0.0.1:0' }, { listen, profile: 'orchestra' }],
      models: { qwen3: { engine: 'orchestra', replicas: [{ url: worker.url }] } },
      orchestra: { keys_file: keysFile, ...orchestra },
      ...config,
    },
    log,
  ).catch(async (error: unknown) => {
    await worker.close();
    await rm(dir, { recursive: true, force: true });
    throw error;
  });
  const url = gateway.running.listeners.find(({ profile }) => profile === 'orchestra')?.url ?? '';
  const call: OrchestraWorld['call'] = (method, path, sending) => send(`${url}${path}`, method, sending);
  return {
    worker,
    gateway,
    url,
    keysFile,
    writeKeys,
    call,
    infer({ key = 'k1', body = QUESTION, headers = {}, from = EXTERNAL } = {}) {
      return call('POST', '/infer', { body, from, headers: key === null ? headers : { 'x-api-key': key, ...headers } });
    },
    async close() {
      await gateway.close();
      await worker.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const QUESTION = { model_name: 'qwen3', request_body: { input: 'Hi', max_new_tokens: 16, session_id: 's' } };
export const INVALID_KEY = '{"detail":"Invalid or missing API key. Please provide a valid X-API-Key header."}';

/** One request and its whole answer. */
export function send(url: string, method: string, { body, headers = {}, from }: Sending = {}): Promise<Answer> {
  const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const type =
    payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(payload.length) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers: { ...type, ...headers }, agent: false, ...(from === undefined ? {} : { localAddress: from }) },
      (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}
