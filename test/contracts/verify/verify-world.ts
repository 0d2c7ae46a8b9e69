import { request } from 'node:http';
import { modelsOn, startTestGateway, type TestGateway } from '../../support/start-gateway.js';
import { RecordingUpstream } from '../../support/recording-upstream.js';

export interface Answer {
  status: number;
  text: string;
  header(name: string): string | undefined;
  json(): Record<string, unknown>;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** One request over a connection of its own, with exactly these headers. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        resolve({
          status: incoming.statusCode ?? 0,
          text,
          header: (name) => incoming.headers[name]?.toString(),
          json: () => JSON.parse(text) as Record<string, unknown>,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface VerifyWorld {
  gateway: TestGateway;
  /** The api listener: every asker needs a key. */
  api: string;
  /** The verify listener, open to programs of 127.0.0.1. */
  open: string;
  /** Key of the asker, with `auth:verify`. */
  asker: string;
  /** A key that may infer, owned by alice. */
  key: string;
  keyId: string;
  make(fields: Record<string, unknown>): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
}

/** A gateway with an api and a verify listener, one asker and one usual key. */
export async function startVerifyWorld(config: Record<string, unknown> = {}): Promise<VerifyWorld> {
  const upstream = await RecordingUpstream.start();
  const gateway = await startTestGateway({
    listen: undefined,
    listeners: [
      { listen: '127.0.0.1:0', serve: ['api'] },
      { listen: '127.0.0.1:0', serve: ['verify'], verify_networks: ['127.0.0.1/32'] },
    ],
    models: modelsOn(upstream.url),
    ...config,
  });
  const make = (fields: Record<string, unknown>) => gateway.admin.createKey(fields);
  const { key: asker } = await make({ name: 'proxy', scopes: ['auth:verify'] });
  const { id: keyId, key } = await make({ name: 'laptop', owner: 'alice', scopes: ['infer'] });
  const [api, open] = gateway.running.listeners;
  return {
    gateway,
    api: api?.url ?? '',
    open: open?.url ?? '',
    asker,
    key,
    keyId,
    make,
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
