import { silentLog, type Log } from '../../../src/core/log.js';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { modelsOn, startTestGateway, type TestGateway } from '../../support/start-gateway.js';

export interface StackAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** `error.message`. */
  message: string;
}

/** A gateway with a llama-stack listener and a usual one, before a recording upstream. */
export interface StackWorld {
  upstream: RecordingUpstream;
  gateway: TestGateway;
  /** Of the llama-stack listener. */
  url: string;
  openaiUrl: string;
  get(path: string, headers?: Record<string, string>): Promise<StackAnswer>;
  /** A chat with this bearer. */
  chat(token: string, headers?: Record<string, string>): Promise<StackAnswer>;
  close(): Promise<void>;
}

export const CHAT = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hello' }] });

export async function startStackWorld(
  providers: readonly Record<string, unknown>[],
  config: Record<string, unknown> = {},
  log: Log = silentLog,
): Promise<StackWorld> {
  const upstream = await RecordingUpstream.start({ models: ['test-model'] });
  const { auth = {}, ...rest } = config as { auth?: Record<string, unknown> };
  const gateway = await startTestGateway(
    {
      listen: undefined,
      listeners: [{ listen: '127.0.0.1:0', profile: 'llama-stack' }, { listen: '127.0.0.1:0' }],
      models: modelsOn(upstream.url),
      auth: { failures_per_minute: null, providers, ...auth },
      ...rest,
    },
    log,
  );
  const urlOf = (profile: string): string =>
    gateway.running.listeners.find((one) => one.profile === profile)?.url ?? '';
  const url = urlOf('llama-stack');
  return {
    upstream,
    gateway,
    url,
    openaiUrl: urlOf('openai'),
    get: (path, headers = {}) => answered(fetch(url + path, { headers, redirect: 'manual' })),
    chat: (token, headers = {}) => answered(fetch(`${url}/v1/chat/completions`, chatWith(token, headers))),
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

export function chatWith(token: string, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: CHAT,
  };
}

export async function answered(pending: Promise<Response>): Promise<StackAnswer> {
  const response = await pending;
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, message: messageIn(text) };
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message ?? '';
  } catch {
    return '';
  }
}
