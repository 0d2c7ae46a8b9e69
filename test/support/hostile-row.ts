import { expect } from 'vitest';
import type { RawAnswer } from './raw-client.js';
import { UPSTREAM_KEY, type World } from './start-gateway.js';
import { within } from './patience.js';

/** One attack: the exact bytes, and what may come of them. */
export interface HostileRow {
  /** The attack's id in the catalogue, then the guarantee as a sentence. */
  name: string;
  /** Made with a valid key, so that nothing is refused merely for want of one. */
  bytes: (key: string) => string | Buffer;
  /** Allowed status codes of the first answer. 0 = the connection closes without an answer. */
  status: readonly number[];
  /** Error code of the body, where one is fixed. */
  code?: string;
  /** True when the connection must close after the answer, so that nothing behind it is ever read as a request. */
  closes?: boolean;
}

const CLOSE_LIMIT_MS = 1000;
/** Stands in everything a row sends; must never arrive at the model server. */
export const MARK = 'hostile-mark';
/** A whole, valid request that follows a broken one on the same connection. */
export const poison = (key: string): string =>
  wellFormed(key, { path: '/v1/embeddings', body: `{"model":"test-model","input":"${MARK}"}` });

/** A request as a careful client writes it. Every part can be replaced. */
export function wellFormed(
  key: string,
  parts: { method?: string; path?: string; headers?: readonly string[]; body?: string; host?: string } = {},
): string {
  const body = parts.body ?? `{"model":"test-model","messages":[{"role":"user","content":"${MARK}"}]}`;
  const lines = [
    `${parts.method ?? 'POST'} ${parts.path ?? '/v1/chat/completions'} HTTP/1.1`,
    `Host: ${parts.host ?? '127.0.0.1'}`,
    ...(key === '' ? [] : [`Authorization: Bearer ${key}`]),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    ...(parts.headers ?? []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** The head of a POST without any framing, for rows that bring their own. */
export function headOnly(key: string, ...headers: string[]): string {
  const lines = [
    'POST /v1/chat/completions HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export const CHAT = `{"model":"test-model","messages":[{"role":"user","content":"${MARK}"}]}`;
/** `CHAT` as one chunk and the end of the body. */
export const CHUNKED_CHAT = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n0\r\n\r\n`;

/** Sends the row and judges everything that has to hold whatever the attack was. */
export async function judge(world: World, row: HostileRow): Promise<void> {
  world.upstream.forget();
  const client = await world.gateway.connect();
  try {
    client.write(row.bytes(world.key));
    const answer = await client.answer(5000).catch((error: Error) => {
      if (row.status.includes(0) && error.message.includes('ended without')) return null;
      throw error;
    });
    expect(row.status, answer?.text()).toContain(answer?.status ?? 0);
    if (answer !== null) judgeAnswer(world, row, answer);
    if (row.closes === true) {
      await within(CLOSE_LIMIT_MS, 'the connection closes after a refusal', client.closed);
      expect(client.unread, 'bytes behind the refused request were read as a request').toBe('');
    }
    await judgeUpstream(world);
  } finally {
    client.close();
  }
}

/** The gateway still serves, and that good request is the only one that arrived. */
async function judgeUpstream(world: World): Promise<void> {
  const answer = await send(world, wellFormed(world.key, { body: '{"model":"test-model","messages":[]}' }));
  expect(answer.status, `a good request after the attack: ${answer.text()}`).toBe(200);
  expect(world.upstream.exchanges.length, 'requests that reached the model server besides the good one').toBe(1);
  expect(world.upstream.everything()).not.toContain(MARK);
}

function judgeAnswer(world: World, row: HostileRow, answer: RawAnswer): void {
  const everything = `${answer.headers.join('\n')}\n${answer.text()}`;
  expect(everything, 'a secret came back').not.toContain(world.key);
  expect(everything, "the model server's key came back").not.toContain(UPSTREAM_KEY);
  expect(everything).not.toMatch(/\bat .*\.(ts|js):\d+/);
  if (row.code !== undefined) expect((answer.json()['error'] as Record<string, unknown>)['code']).toBe(row.code);
}

/** Sends one well-formed request on a connection of its own and reads the whole answer. */
export async function send(world: World, bytes: string | Buffer, localAddress?: string): Promise<RawAnswer> {
  const client = await world.gateway.connect(localAddress);
  try {
    client.write(bytes);
    return await client.answer();
  } finally {
    client.close();
  }
}
