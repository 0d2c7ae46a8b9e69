import { request } from 'node:http';
import { connect } from 'node:net';
import { RecordingUpstream } from '../../support/recording-upstream.js';
import { startTestGateway, type TestGateway } from '../../support/start-gateway.js';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Sending {
  /** Sent as JSON unless it is text. */
  body?: unknown;
  type?: string;
  headers?: Record<string, string>;
}

/** A listener of the profile before a recording upstream, and the token that plays root. */
export interface AuthkeysWorld {
  upstream: RecordingUpstream;
  gateway: TestGateway;
  /** Of the authkeys listener. */
  url: string;
  /** Of the usual listener of the same gateway. */
  openaiUrl: string;
  root: string;
  rootId: string;
  call(method: string, path: string, sending?: Sending): Promise<Answer>;
  /** With `token` as the member of the JSON body. */
  as(token: unknown, method: string, path: string, members?: Record<string, unknown>): Promise<Answer>;
  /** A token with this scope, made by root. */
  token(scope: string, more?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const ALL = ['infer', 'keys:read', 'keys:write', 'keys:revoke'];

export async function startAuthkeysWorld(
  authkeys: Record<string, unknown> = {},
  config: Record<string, unknown> = {},
): Promise<AuthkeysWorld> {
  const upstream = await RecordingUpstream.start();
  const gateway = await startTestGateway({
    listen: undefined,
    listeners: [{ listen: '127.0.0.1:0' }, { listen: '127.0.0.1:0', profile: 'authkeys' }],
    models: { '*': { replicas: [{ url: upstream.url, api_key: 'upstream-secret' }] } },
    auth: { failures_per_minute: null },
    authkeys,
    ...config,
  });
  const { id: rootId, key: root } = await gateway.admin.createKey({ name: 'root', scopes: ALL });
  const urlOf = (profile: string): string =>
    gateway.running.listeners.find((one) => one.profile === profile)?.url ?? '';
  const url = urlOf('authkeys');
  const call: AuthkeysWorld['call'] = (method, path, sending) => send(`${url}${path}`, method, sending);
  const as: AuthkeysWorld['as'] = (token, method, path, members = {}) =>
    call(method, path, { body: { token, ...members } });
  return {
    upstream,
    gateway,
    url,
    openaiUrl: urlOf('openai'),
    root,
    rootId,
    call,
    as,
    async token(scope, more = {}) {
      const { status, text } = await as(root, 'POST', '/create_token', { scope, ...more });
      if (status !== 201) throw new Error(`no token: ${status} ${text}`);
      return String((JSON.parse(text) as { token: string }).token);
    },
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

/** One request, a body on GET included, and its whole answer. */
export function send(
  url: string,
  method: string,
  { body, type = 'application/json', headers = {} }: Sending = {},
): Promise<Answer> {
  const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const own = payload === undefined ? {} : { 'content-type': type, 'content-length': String(payload.length) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...own, ...headers }, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

/** Sends bytes as they are and resolves with everything that came back until the server closed. */
export function sendBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('utf8')));
  });
}

/** The row that `requests` shows of an answer, as soon as it is written. */
export async function requestRows(gateway: TestGateway): Promise<Record<string, unknown>[]> {
  return (await gateway.admin.must('GET', '/requests?limit=100'))['data'] as Record<string, unknown>[];
}

export const REQUIRED = '{"error":"Authentication token required"}\n';
export const INVALID = '{"error":"Invalid token"}\n';
export const INSUFFICIENT = '{"error":"Insufficient permissions"}\n';
