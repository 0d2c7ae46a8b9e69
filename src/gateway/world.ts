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
import { startSupervised, type Environment, type Supervised } from './supervised.js';
import type { Stores } from './stores.js';

/** The model servers, which lie outside the process. */
export interface World {
  forwarder: Forwarder;
  probe: Probe;
  models: Models;
  supervised: Supervised;
}

export interface WorldOptions {
  stores: Stores;
  configuration: Configuration;
  shutdown: Shutdown;
  clock: Clock;
  log: Log;
  demo: boolean;
  runtimeDir?: string | undefined;
  environment?: Environment;
  ownPorts(): readonly number[];
}

/** Begins to look for the model servers; what is made is closed in its turn. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { configuration, shutdown, clock, log, demo, ownPorts } = options;
  const config = () => configuration.current().config;
  const forwarder = createForwarder(createTransport(clock), clock, namingHeaders(configuration));
  shutdown.onClose(() => forwarder.close());
  const probe = createProbe();
  shutdown.onClose(() => probe.close());
  const autodetect = isNothingNamed(configuration.current());
  const { dataDir } = options.stores;
  const supervised = await startSupervised({ ...options, dataDir, probe });
  const processes = supervised.supervisor;
  const models = await startModels({
    config: config(),
    autodetect,
    demo,
    dataDir,
    probe,
    clock,
    log,
    ownPorts,
    processes,
  });
  supervised.guide(models.pool);
  shutdown.onClose(() => models.close());
  configuration.onChange(() => models.use(config()));
  return { forwarder, probe, models, supervised };
}

const TRACE_HEADERS: readonly string[] = ['traceparent', 'tracestate'];

/** Nobody said where models are: then this machine is searched. */
function isNothingNamed({ file, config }: LoadedConfig): boolean {
  return file === null && config.upstreams.length === 0 && Object.keys(config.models).length === 0;
}

/**
 * Headers by which proxies in front of us name the caller: from clients they would deceive the model servers.
 * Where traces are sent, those of the trace too: a model server then belongs to our part of it.
 */
function namingHeaders(configuration: Configuration): () => ReadonlySet<string> {
  const ofTraces = configuration.current().config.tracing.otlp_endpoint === null ? [] : TRACE_HEADERS;
  const read = (): ReadonlySet<string> => {
    const { providers } = configuration.current().config.auth;
    return new Set([
      ...ofTraces,
      ...providers
        .flatMap(({ principal_header: principal, attributes_header: attributes }) =>
          [principal ?? [], attributes ?? []].flat(),
        )
        .map((name) => name.toLowerCase()),
    ]);
  };
  let names = read();
  configuration.onChange(() => (names = read()));
  return () => names;
}
