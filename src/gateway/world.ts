import type { Clock } from '../core/clock.js';
import type { LoadedConfig } from '../config/load.js';
import type { Log } from '../core/log.js';
import { createForwarder, type Forwarder } from '../upstream/forward.js';
import { createProbe } from '../upstream/probe.js';
import { createTransport } from '../upstream/transport.js';
import type { Probe } from '../replicas/probe.js';
import type { Configuration } from './configuration.js';
import { startModels, type Models } from './models.js';
import type { Shutdown } from './shutdown.js';
import { openStores, type Stores } from './stores.js';

/** What lies outside the process: the stores behind it and the model servers in front. */
export interface World {
  stores: Stores;
  forwarder: Forwarder;
  probe: Probe;
  models: Models;
}

export interface WorldOptions {
  dataDir: string;
  configuration: Configuration;
  shutdown: Shutdown;
  clock: Clock;
  log: Log;
  demo: boolean;
  ownPorts(): readonly number[];
}

/** Opens the stores and begins to look for the model servers; each is closed in its turn. */
export async function openWorld({ dataDir, configuration, shutdown, clock, log, demo, ownPorts }: WorldOptions): Promise<World> {
  const config = () => configuration.current().config;
  const stores = await openStores({ dataDir, create: true, config, clock, log });
  shutdown.onClose(() => stores.close());
  const forwarder = createForwarder(createTransport(), clock);
  shutdown.onClose(() => forwarder.close());
  const probe = createProbe();
  shutdown.onClose(() => probe.close());
  const autodetect = isNothingNamed(configuration.current());
  const models = await startModels({ config: config(), autodetect, demo, dataDir: stores.dataDir, probe, clock, log, ownPorts });
  shutdown.onClose(() => models.close());
  configuration.onChange(() => models.use(config()));
  return { stores, forwarder, probe, models };
}

/** Nobody said where models are: then this machine is searched. */
function isNothingNamed({ file, config }: LoadedConfig): boolean {
  return file === null && config.upstreams.length === 0 && Object.keys(config.models).length === 0;
}
