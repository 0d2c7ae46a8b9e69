import { resolveDataDir } from '../config/data-dir.js';
import { findConfigFile, formatFaults, loadConfig, type LoadedConfig, type LoadOutcome } from '../config/load.js';
import { createLog } from '../core/log.js';
import type { RunningGateway } from '../gateway.js';
import { printStart } from './announcement.js';
import { Failure, misuse } from './failure.js';
import type { Invocation, RunCommand } from './invocation.js';
import { reportRunning } from './already-running.js';
import type { ServeOptions } from './serve-options.js';
import { afterStart, beforeReplicas } from './serve-skyserve.js';
import { obeySignals } from './serve-signals.js';
import { prepareSkyserve, type PreparedTask } from './skyserve.js';
import { removeServiceRecord } from './skyserve-record.js';
import { keepRequestsYoung } from './young-objects.js';

const NOT_YET = { workers: '--workers' };

/** Options that mean something only beside `--service`. */
const OF_SERVICE = { name: '-n', env: '--env', secret: '--secret', envFile: '--env-file', setup: '--setup' };

/** Runs the gateway until it is told to stop. */
export const run: RunCommand = async (invocation) => {
  refuseOptions(invocation);
  keepRequestsYoung();
  const service = await serviceOf(invocation);
  const read = service?.read ?? (await readerOf(invocation));
  const loaded = requireValid(await read(false));
  const { io, globals } = invocation;
  const dataDir = resolveDataDir({
    flag: globals.dataDir,
    env: io.env,
    config: loaded.config,
    configFile: service === null ? loaded.file : null,
    home: io.home,
    cwd: io.cwd,
  });
  const running = await reportRunning(invocation, loaded, dataDir);
  if (running !== null) return running;
  if (service !== null) await beforeReplicas(invocation, service);
  const gateway = await start(invocation, read, { loaded, dataDir });
  const release = obeySignals(io, gateway);
  await printStart(invocation, gateway, { dataDir, configFile: loaded.file });
  if (service !== null)
    await afterStart(invocation, service, { gateway, dataDir }).catch((error: unknown) => closed(gateway, error));
  await gateway.stopped;
  if (service !== null) await removeServiceRecord(dataDir);
  release();
  return 0;
};

/** A service that cannot be served whole is not served. */
async function closed(gateway: RunningGateway, error: unknown): Promise<never> {
  await gateway.close();
  throw error;
}

/** The service of `--service`; its files lie in the data directory. */
async function serviceOf(invocation: Invocation): Promise<PreparedTask | null> {
  const { io, globals, options } = invocation;
  if (options['service'] === undefined) return null;
  const { env, home, cwd } = io;
  const dataDir = resolveDataDir({
    flag: globals.dataDir,
    env,
    home,
    cwd,
    config: { data_dir: null },
    configFile: null,
  });
  return prepareSkyserve(invocation, dataDir);
}

function refuseOptions({ options }: Invocation): void {
  for (const [name, flag] of Object.entries(OF_SERVICE)) {
    if (options[name] !== undefined && options['service'] === undefined)
      throw misuse(`${flag} belongs to a service. Name its file with --service FILE.`);
  }
  for (const [name, flag] of Object.entries(NOT_YET)) {
    if (options[name] !== undefined)
      throw new Failure(`${flag} is not yet in this version. \`keyporter serve --help\` lists what is.`);
  }
}

/** How the configuration is read, now and again at every reload. */
async function readerOf({ io, globals, options }: Invocation): Promise<(reload: boolean) => Promise<LoadOutcome>> {
  const { listen, upstream }: ServeOptions = options;
  const { env, cwd, home } = io;
  const file = await findConfigFile({ flag: globals.config, env, cwd, home });
  const flags = {
    ...(listen === undefined ? {} : { listen }),
    ...(upstream === undefined ? {} : { upstreams: upstream }),
  };
  return (reload) =>
    loadConfig({ ...(file === null ? {} : { file }), env, cwd, flags, reload: reload && file !== null });
}

function requireValid(outcome: LoadOutcome): LoadedConfig {
  if (outcome.ok) return outcome.loaded;
  const text = formatFaults(outcome.faults);
  if (outcome.faults.every((fault) => fault.file === null)) throw misuse(text);
  throw new Failure(`${text}\nThe gateway was not started. Correct the configuration and start again.`);
}

async function start(
  invocation: Invocation,
  read: (reload: boolean) => Promise<LoadOutcome>,
  options: { loaded: LoadedConfig; dataDir: string },
): Promise<RunningGateway> {
  const { startGateway } = await import('../gateway.js');
  const { io } = invocation;
  const { listen, upstream, firstKey, demo }: ServeOptions = invocation.options;
  const { level, format } = options.loaded.config.logging;
  const flags = {
    ...(listen === undefined ? {} : { listen }),
    ...(upstream === undefined ? {} : { upstreams: upstream }),
    demo: demo === true,
    // Only who typed `npm start` at a terminal may be given the demo without having asked for it.
    interactive: io.env['KEYPORTER_NPM_START'] === '1' && io.outIsTerminal,
    firstKey: firstKey === true || io.outIsTerminal,
  };
  try {
    return await startGateway({
      ...options,
      log: createLog({ level, format }),
      runtimeDir: io.env['XDG_RUNTIME_DIR'],
      environment: io.env,
      readAgain: () => read(true),
      flags,
    });
  } catch (error) {
    throw portTaken(error) ?? error;
  }
}

function portTaken(error: unknown): Failure | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const place =
    'address' in error && 'port' in error ? `${String(error.address)}:${String(error.port)}` : 'The address';
  if (error.code === 'EADDRINUSE')
    return new Failure(`${place} is taken by another program. Stop it, or listen elsewhere with --listen HOST:PORT.`, {
      cause: error,
    });
  if (error.code === 'EACCES')
    return new Failure(
      `${place} may not be used by this user. Listen on a port from 1024 up with --listen HOST:PORT.`,
      { cause: error },
    );
  if (error.code === 'EADDRNOTAVAIL')
    return new Failure(`${place} is no address of this machine. Name another with --listen HOST:PORT.`, {
      cause: error,
    });
  return null;
}
