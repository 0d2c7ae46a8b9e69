import type { StatusBody } from '../admin/contract-gateway.js';
import type { LoadedConfig } from '../config/load.js';
import { ask } from './ask.js';
import { connectSocket } from './client.js';
import { Failure } from './failure.js';
import type { Invocation } from './invocation.js';
import type { ServeOptions } from './serve-options.js';

/**
 * When a gateway already runs with this data directory: says so and answers the exit code 0 if it is
 * the one that was asked for, fails if it was started differently. Null when none runs.
 */
export async function reportRunning(
  invocation: Invocation,
  loaded: LoadedConfig,
  dataDir: string,
): Promise<number | null> {
  const { runningGateway } = await import('../storage/data-directory.js');
  const running = await runningGateway(dataDir);
  if (running === null) return null;
  const difference = await differenceTo(invocation.options, loaded, await statusOf(running, dataDir));
  if (difference === null) {
    const { io, globals } = invocation;
    io.out(
      globals.json
        ? `${JSON.stringify({ already_running: true, url: running.url, pid: running.pid })}\n`
        : `Keyporter is already running at ${running.url}\n`,
    );
    return 0;
  }
  throw new Failure(
    `Keyporter is already running at ${running.url} with the data directory ${dataDir}, but ${difference}. Stop it with \`keyporter stop\`, or start a second one with its own --data-dir and --listen.`,
  );
}

async function statusOf(running: { pid: number; socket: string }, dataDir: string): Promise<StatusBody> {
  const client = connectSocket(running, dataDir);
  return (await ask<StatusBody>(client, '/admin/v1/status')).body;
}

/** What was asked for and does not hold for the gateway that runs, as a clause; null when all of it does. */
async function differenceTo(
  { listen, upstream = [] }: ServeOptions,
  loaded: LoadedConfig,
  status: StatusBody,
): Promise<string | null> {
  if (loaded.file !== status.config_file)
    return `with ${status.config_file === null ? 'no configuration file' : `the configuration ${status.config_file}`}`;
  const missing = upstream.find((url) => !status.upstreams.some((known) => sameServer(known.url, url)));
  if (missing !== undefined) return `without the model server ${missing}`;
  if (listen === undefined) return null;
  const { parseListen } = await import('../config/listen.js');
  const wanted = parseListen(listen);
  const listening = status.listeners.some(({ url }) => wanted !== null && new URL(url).port === String(wanted.port));
  return listening ? null : `not listening on ${listen}`;
}

/** Servers are known by their base URL, without `/v1` and a slash at the end. */
function sameServer(known: string, asked: string): boolean {
  const plain = (url: string): string => url.replace(/\/+$/, '').replace(/\/v1$/, '');
  return plain(known) === plain(asked);
}
