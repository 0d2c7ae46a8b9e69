import type { AdminFetch } from '../admin/caller.js';
import { isLoopbackHost } from '../config/listen.js';
import { Secret } from '../core/secret.js';
import { createLog } from '../core/log.js';
import { Failure, misuse } from './failure.js';
import { httpFetch } from './http-fetch.js';
import type { Invocation } from './invocation.js';
import { findLocal, type Local, requireConfiguration } from './local.js';

/** A way to the admin API. */
export interface AdminClient {
  fetch: AdminFetch;
  /** `remote`: another machine's gateway by key; `socket`: this machine's; `offline`: the store itself. */
  way: 'remote' | 'socket' | 'offline';
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** May make a new store, when its place is named on the command line. */
  mayCreate?: boolean;
  /** Sentence for when no gateway runs; given by commands that need a running one. */
  needsGateway?: string;
}

/** Does `work` over the admin API and closes the way to it again. */
export async function withAdmin<T>(
  invocation: Invocation,
  work: (client: AdminClient) => Promise<T>,
  options: ConnectOptions = {},
): Promise<T> {
  const client = await connect(invocation, options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** By `--url` from elsewhere, else over the socket of the gateway that runs here, else over the store itself. */
async function connect(invocation: Invocation, options: ConnectOptions): Promise<AdminClient> {
  const url = remoteUrl(invocation);
  if (url !== null) return connectRemote(url, await keyToSend(invocation));
  const local = await findLocal(invocation);
  const running = await findRunning(local.dataDir);
  if (running !== null) return connectSocket(running, local.dataDir);
  if (options.needsGateway !== undefined) throw new Failure(`${options.needsGateway} Looked in ${local.dataDir}.`);
  return openStore(local, options.mayCreate === true && isPlaceNamed(invocation));
}

/** `--url`, else `KEYPORTER_URL`, as an address a key may be sent to. Null = neither is given. */
export function remoteUrl({ globals, io }: Invocation): URL | null {
  const text = globals.url ?? (io.env['KEYPORTER_URL'] || undefined);
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw misuse(
      `"${text.replace(/\/\/[^/]*@/, '//')}" is no address of a gateway. Write it like https://keys.example.com.`,
    );
  }
  return requireSafe(url);
}

/** A key over plain http can be read by everybody on the way. */
function requireSafe(url: URL): URL {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:' || isLoopbackHost(host)) return url;
  throw new Failure(`A key is not sent over plain http to ${url.host}. Use https, or run the command on that machine.`);
}

/** The caller's own key: standard input with `--key -`, else the environment. */
export async function keyToSend({ io, globals }: Invocation): Promise<Secret> {
  const text = (globals.key === '-' ? await io.readInput() : (io.env['KEYPORTER_KEY'] ?? '')).trim();
  if (text === '')
    throw new Failure('No key to send. Set KEYPORTER_KEY, or write "--key -" and send the key on standard input.');
  if (!/^[\x21-\x7e]{1,1024}$/.test(text))
    throw new Failure('What was given as a key is none: it holds spaces or is too long.');
  return new Secret(text);
}

export function connectRemote(url: URL, key: Secret): AdminClient {
  const fetch = httpFetch({ base: url, key });
  const unreachable = (error: unknown): never => {
    throw new Failure(
      `Nothing answers at ${url.origin} (${messageOf(error)}). Check the address and whether the gateway runs.`,
      { cause: error },
    );
  };
  return { way: 'remote', fetch: (path, init) => fetch(path, init).catch(unreachable), close: async () => undefined };
}

async function findRunning(dataDir: string): Promise<{ pid: number; socket: string; url: string } | null> {
  const { runningGateway } = await import('../storage/data-directory.js');
  return runningGateway(dataDir);
}

/** The gateway of this machine, over its socket. */
export function connectSocket(running: { pid: number; socket: string }, dataDir: string): AdminClient {
  const fetch = httpFetch({ socket: running.socket });
  const unreachable = (error: unknown): never => {
    const sentence = `The gateway of ${dataDir} (process ${running.pid}) does not answer on ${running.socket} (${messageOf(error)}). Wait a moment, or restart it.`;
    throw new Failure(sentence, { cause: error });
  };
  return { way: 'socket', fetch: (path, init) => fetch(path, init).catch(unreachable), close: async () => undefined };
}

async function openStore(local: Local, create: boolean): Promise<AdminClient> {
  const { dataDir } = local;
  const loaded = requireConfiguration(local);
  const { openOffline } = await import('../gateway/offline.js');
  const log = createLog({ level: 'warn', format: 'text' });
  const opened = await openOffline({ loaded, dataDir, create, log });
  return { way: 'offline', fetch: opened.fetch, close: () => opened.close() };
}

/** A store is only made where somebody said it should be. */
function isPlaceNamed({ globals }: Invocation): boolean {
  return globals.dataDir !== undefined || globals.config !== undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
