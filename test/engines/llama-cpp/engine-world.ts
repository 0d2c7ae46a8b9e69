import { RawClient } from '../../support/raw-client.js';
import { GatewayHome, type SpawnedGateway } from '../../support/spawn-gateway.js';
import { freePortRange, ready, replicaThat } from '../../supervisor/supervised-world.js';
import { EMBEDDINGS, PARTS, TEXT, TINY } from './engine-parts.js';

/** A gateway that started real llama.cpp servers, and a key that may use all of them. */
export interface EngineWorld {
  home: GatewayHome;
  gateway: SpawnedGateway;
  key: string;
  keyId: string;
  /** Asks through the gateway with the key of this world, or another one. */
  ask(line: string, body?: unknown, options?: Asking): Promise<Asked>;
  /** Begins a request on a connection of its own, of which every byte can be seen. */
  begin(path: string, body: unknown, options?: Asking): Promise<RawClient>;
  /** As /slots tells. */
  slots(): Promise<Slot[]>;
  /** A number of /metrics. */
  metric(name: string): Promise<number>;
  /** Kills the server of texts and waits until another is in its place. */
  killEngine(): Promise<void>;
  close(): Promise<void>;
}

export interface Slot {
  id: number;
  is_processing: boolean;
}

interface Asking {
  key?: string;
  headers?: Record<string, string>;
}

export interface Asked {
  status: number;
  headers: Headers;
  text: string;
  json: Record<string, unknown>;
}

const START_LIMIT_MS = 60_000;

/** What a model has to say in the configuration to be served by llama-server. */
export async function modelOf(options: readonly string[]): Promise<Record<string, unknown>> {
  const words = [PARTS.server, '-m', PARTS.model, '--port', '{port}', ...options];
  return {
    command: words.map((word) => `'${word}'`).join(' '),
    env: { LLAMA_API_KEY: '{api_key}' },
    ports: await freePortRange(),
    takeover_seconds: 2,
  };
}

/** The models `tiny` (texts) and `tiny-vectors` (embeddings), and those given. */
export async function startEngineWorld(more: Record<string, unknown> = {}): Promise<EngineWorld> {
  const models = { [TINY]: await modelOf(TEXT), 'tiny-vectors': await modelOf(EMBEDDINGS), ...more };
  const home = await GatewayHome.make({ models, default_model: TINY });
  try {
    const gateway = await home.start();
    await Promise.all(Object.keys(models).map((name) => replicaThat(gateway, `${name}-0`, ready, START_LIMIT_MS)));
    const made = await gateway.admin.createKey({ scopes: ['infer', 'engine:read', 'engine:control'] });
    return worldOf(home, gateway, made);
  } catch (error) {
    await end(home);
    throw error;
  }
}

async function end(home: GatewayHome): Promise<void> {
  await home.run(['stop']);
  await home.remove();
}

function worldOf(home: GatewayHome, gateway: SpawnedGateway, made: { id: string; key: string }): EngineWorld {
  const world: EngineWorld = {
    home,
    gateway,
    key: made.key,
    keyId: made.id,
    async ask(line, body, options = {}) {
      const [method = '', path = ''] = line.split(' ');
      const response = await fetch(gateway.url + path, {
        method,
        headers: {
          authorization: `Bearer ${options.key ?? made.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        get json() {
          return JSON.parse(text) as Record<string, unknown>;
        },
      };
    },
    async begin(path, body, { key = made.key, headers = {} } = {}) {
      const client = await RawClient.open(gateway.url);
      const text = JSON.stringify(body);
      const lines = Object.entries({
        host: 'localhost',
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        ...headers,
      }).map(([name, value]) => `${name}: ${value}\r\n`);
      client.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
      return client;
    },
    async slots() {
      return JSON.parse((await world.ask(`GET /engines/${TINY}/slots`)).text) as Slot[];
    },
    async metric(name) {
      const { text } = await world.ask(`GET /engines/${TINY}/metrics`);
      return Number(new RegExp(`^llamacpp:${name} (.*)$`, 'm').exec(text)?.[1]);
    },
    async killEngine() {
      const before = await replicaThat(gateway, `${TINY}-0`, ready);
      process.kill(before.process?.pid ?? 0, 'SIGKILL');
      await replicaThat(gateway, `${TINY}-0`, (row) => ready(row) && row.process?.pid !== before.process?.pid);
    },
    close: () => end(home),
  };
  return world;
}
