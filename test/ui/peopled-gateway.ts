import type { Exchange } from '../support/exchange.js';
import { answerAsModel, chatChunk } from '../support/model-answers.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { UPSTREAM_KEY } from '../support/start-gateway.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { engineModel, ready, replicaThat } from '../supervisor/supervised-world.js';
import { MODELS, writePast } from './past.js';

/** The message whose answer never ends by itself. */
export const ENDLESS = 'Go on for ever.';

/** A model for one request at a time: others wait in line. */
export const NARROW = 'narrow';

export interface PeopledGateway {
  gateway: SpawnedGateway;
  upstream: RecordingUpstream;
  /** A key that may infer. */
  key: string;
  keyId: string;
  /** A one-time link for a browser. */
  link(): Promise<string>;
  /** Asks for a chat and answers the status; with `ENDLESS` it resolves when the first piece came. */
  chat(content: string, model?: string): Promise<number>;
  close(): Promise<void>;
}

/** A real gateway with model servers, one of which it started itself, and 90 days behind it. */
export async function startPeopledGateway({ unusedKeys }: { unusedKeys: number }): Promise<PeopledGateway> {
  const upstream = await RecordingUpstream.start({ models: MODELS, record: false });
  upstream.onRequest = answerOrGoOn;
  const replicas = [{ url: upstream.url, api_key: UPSTREAM_KEY }];
  const home = await GatewayHome.make({
    models: {
      [MODELS[0]]: { replicas },
      [NARROW]: { replicas, upstream_model: MODELS[0], max_in_flight: 1 },
      [MODELS[1]]: { replicas: [...replicas, { url: 'http://127.0.0.1:9' }] },
      'gemma3-4b': await engineModel(),
    },
  });
  await writePast(home.dataDir, unusedKeys);
  const open: unknown[] = [];
  const gateway = await home.start();
  await replicaThat(gateway, 'gemma3-4b-0', ready);
  const { id, key } = await gateway.admin.createKey({ name: 'visitor', owner: 'alice', scopes: ['infer'] });
  return {
    gateway,
    upstream,
    key,
    keyId: id,
    link: async () => String((await gateway.admin.must('POST', '/session/links'))['url']),
    chat: (content, model = MODELS[0]) => chat({ url: gateway.url, key, content, model, open }),
    async close() {
      await home.remove();
      await upstream.close();
    },
  };
}

function answerOrGoOn(exchange: Exchange): void {
  if (!exchange.body.toString('utf8').includes(ENDLESS)) return answerAsModel(exchange);
  exchange.startStream();
  exchange.event(chatChunk('And so on'));
}

interface AskedChat {
  url: string;
  key: string;
  content: string;
  model: string;
  /** Readers of answers that go on. */
  open: unknown[];
}

async function chat(asked: AskedChat): Promise<number> {
  const { url, key, content, model } = asked;
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], stream: content === ENDLESS }),
  });
  if (content === ENDLESS) await firstPiece(answer, asked.open);
  else await answer.text();
  return answer.status;
}

/** Keeps the reader: an answer that nobody holds is given up. */
async function firstPiece({ body }: Response, open: unknown[]): Promise<void> {
  const reader = body?.getReader();
  open.push(reader);
  await reader?.read();
}
