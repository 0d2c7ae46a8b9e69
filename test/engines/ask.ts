import type { World } from '../support/start-gateway.js';
import type { Exchange } from '../support/exchange.js';
import { headBytes } from '../support/exchange.js';

export interface Asked {
  status: number;
  headers: Headers;
  text: string;
}

/** One request through the gateway with a key; a body is sent as JSON. */
export async function ask(
  world: World,
  line: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Asked> {
  const [method = '', path = ''] = line.split(' ');
  const { body } = options;
  const response = await fetch(world.gateway.url + path, {
    method,
    headers: {
      authorization: `Bearer ${options.key ?? world.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** One model for each engine, all on the upstream of the world. */
export function enginesOn(url: string): Record<string, unknown> {
  const engines = ['llama.cpp', 'vllm', 'sglang', 'ollama', 'lmstudio', 'openai', 'orchestra', 'llama-stack'];
  return Object.fromEntries(
    engines.map((engine) => [
      `on-${engine}`,
      { engine, replicas: [{ url, api_key: 'sk-upstream-canary-0f1e2d3c4b5a6978' }] },
    ]),
  );
}

/** The head of a chunked stream of one JSON object a line. */
export function startLines(exchange: Exchange): void {
  exchange.raw(headBytes(200, ['content-type', 'application/x-ndjson', 'transfer-encoding', 'chunked']));
}
