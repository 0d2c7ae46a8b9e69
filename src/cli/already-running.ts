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
  const options: ServeOptions = invocation.options;
  const difference =
    differenceTo(options, loaded, await statusOf(running, dataDir)) ?? (await otherPlace(options, running));
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
function differenceTo({ upstream = [] }: ServeOptions, loaded: LoadedConfig, status: StatusBody): string | null {
  if (loaded.file !== status.config_file)
    return `with ${status.config_file === null ? 'no configuration file' : `the configuration ${status.config_file}`}`;
  const missing = upstream.find((url) => !status.upstreams.some((known) => sameServer(known.url, url)));
  return missing === undefined ? null : `without the model server ${missing}`;
}

/** An address is another one when its host or its port is: 0.0.0.0 lets others in, 127.0.0.1 does not. */
async function otherPlace({ listen }: ServeOptions, running: { listen: string; url: string }): Promise<string | null> {
  if (listen === undefined) return null;
  const { parseListen } = await import('../config/listen.js');
  const [wanted, present] = [parseListen(listen), parseListen(running.listen)];
  const ports = [present?.port, Number(new URL(running.url).port)];
  const same = wanted !== null && wanted.host === present?.host && ports.includes(wanted.port);
  return same ? null : `not listening on ${listen}`;
}

/** Servers are known by their base URL, without `/v1` and a slash at the end. */
function sameServer(known: string, asked: string): boolean {
  const plain = (url: string): string => url.replace(/\/+$/, '').replace(/\/v1$/, '');
  return plain(known) === plain(asked);
}
