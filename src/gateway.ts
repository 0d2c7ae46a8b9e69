import { formatFaults, loadConfig, type LoadOutcome } from './config/load.js';
import { systemClock } from './core/clock.js';
import { silentLog } from './core/log.js';
import { createConfiguration } from './gateway/configuration.js';
import type { GatewayOptions, RunningGateway } from './gateway/running.js';
import { openStores } from './gateway/stores.js';

export type { GatewayOptions, RunningGateway } from './gateway/running.js';

/** Starts a gateway on its data directory. Rejects with what to do when a store, a listener or a key file cannot be used. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { dataDir, loaded, log, readAgain, clock = systemClock } = options;
  const configuration = await createConfiguration({ loaded, readAgain, clock, log });
  const config = () => configuration.current().config;
  // The threads of the stores get ready while this one loads the rest of the program.
  const [stores, { assemble }] = await Promise.all([
    openStores({ dataDir, create: true, config, clock, log }),
    import('./gateway/assemble.js'),
  ]);
  return assemble({ ...options, clock, configuration, stores });
}

/** A gateway inside another Node program. */
export interface Gateway {
  url: string;
  handle: RunningGateway['handle'];
  reload: RunningGateway['reload'];
  close: RunningGateway['close'];
}

/**
 * Runs Keyporter inside another Node program. `config` has the members of `keyporter.yaml`, `data_dir`
 * among them; rejects with every fault of it at once.
 */
export async function createGateway(config: Record<string, unknown> & { data_dir: string }): Promise<Gateway> {
  const read = (): Promise<LoadOutcome> => loadConfig({ text: JSON.stringify(config), env: {}, cwd: config.data_dir });
  const outcome = await read();
  if (!outcome.ok) throw new Error(formatFaults(outcome.faults));
  const { url, handle, reload, close } = await startGateway({
    loaded: outcome.loaded,
    dataDir: config.data_dir,
    log: silentLog,
    readAgain: read,
    flags: {},
  });
  return { url, handle, reload, close };
}
