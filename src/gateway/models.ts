import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { startDemo, type Demo } from '../demo/server.js';
import { createCatalogue, type BuiltCatalogue, type FoundState } from '../replicas/catalogue.js';
import { configuredNames, configuredReplicas, configuredUpstreams, type ReplicaSources } from '../replicas/configured.js';
import { resolveBySystem, startResolving, type Resolve } from '../replicas/dns.js';
import { startFinder, type Finder } from '../replicas/finder.js';
import type { Replica } from '../replicas/model.js';
import { createPool, type Pool, type ServerState } from '../replicas/pool.js';
import type { Probe } from '../replicas/probe.js';

/** The models on offer and the servers behind them, as they are now. */
export interface Models {
  catalogue(): BuiltCatalogue;
  /** Their replicas, and whose turn it is on which. */
  pool: Pool;
  /** No real server is known to answer, or one never told its models. */
  incomplete(): boolean;
  states(): FoundState[];
  /** Every server was asked once, and the demo runs if it is to. */
  settled: Promise<void>;
  onChange(changed: () => void): () => void;
  /** After a reload. */
  use(config: Config): void;
  close(): Promise<void>;
}

export interface ModelsOptions {
  config: Config;
  /** Look at the usual ports of this machine too. */
  autodetect: boolean;
  /** Serve the demo model while no real engine was ever seen. */
  demo: boolean;
  dataDir: string;
  probe: Probe;
  clock: Clock;
  log: Log;
  ownPorts(): readonly number[];
  /** The model servers that Keyporter started itself. */
  processes?: { replicasOf(model: string): Replica[]; onChange(changed: () => void): () => void };
  /** Looks names of replicas up; the system's own way when absent. */
  resolve?: Resolve;
}

/** Written once a real engine was seen in this data directory: from then on the demo never answers again. */
const SEEN_REAL_FILE = 'engine-seen';

export async function startModels(options: ModelsOptions): Promise<Models> {
  const { clock, log, probe, ownPorts, dataDir } = options;
  let config = options.config;
  let demo: Demo | null = null;
  const seenReal = await exists(join(dataDir, SEEN_REAL_FILE));
  const changed = new Set<() => void>();
  const resolving = startResolving({ names: configuredNames(config), resolve: options.resolve ?? resolveBySystem, clock, log, changed: () => renew() });
  const sources: ReplicaSources = { addresses: resolving.addresses, processes: (model) => options.processes?.replicasOf(model) ?? [] };
  const replicas = (): Replica[] => configuredReplicas(config, sources);
  const finder: Finder = startFinder({
    upstreams: configuredUpstreams(config),
    replicas: replicas(),
    autodetect: options.autodetect,
    probe,
    clock,
    log,
    ownPorts,
    seenReal,
  });
  const upstreams = (): Replica[] => [...configuredUpstreams(config), ...(demo === null ? [] : [asReplica(demo)])];
  const build = (): BuiltCatalogue => createCatalogue(config, new Map(finder.states().map((state) => [state.url, state])), { upstreams: upstreams(), sources });
  const pool = createPool({ probe, clock, log });
  let catalogue = build();
  pool.use(catalogue.served);
  const rebuild = (): void => {
    catalogue = build();
    pool.use(catalogue.served);
    for (const tell of changed) tell();
  };
  /** Other servers than before. */
  const renew = (): void => {
    finder.setUpstreams(upstreams(), replicas());
    rebuild();
  };
  const stopFollowing = [finder.onChange(rebuild), options.processes?.onChange(renew)];
  finder.onReal(() => {
    void writeFile(join(dataDir, SEEN_REAL_FILE), '', { mode: 0o600 }).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'that a real engine was seen could not be noted; the demo may come back after a restart'),
    );
    void endDemo();
  });
  const endDemo = async (): Promise<void> => {
    const ending = demo;
    if (ending === null) return;
    demo = null;
    renew();
    await ending.close();
  };
  const settle = async (): Promise<void> => {
    await Promise.all([finder.settled, resolving.settled]);
    if (!options.demo || finder.seenReal) return;
    demo = await startDemo({ clock });
    log.info({ url: demo.url }, 'no model server was found: the built-in demo model answers until one appears');
    finder.setUpstreams(upstreams(), replicas());
    await finder.look();
    rebuild();
  };
  return {
    catalogue: () => catalogue,
    pool,
    incomplete: () => catalogue.silent.length > 0 || (catalogue.list().length === 0 && finder.seenReal),
    states: () => [...withPool(finder.states(), pool.states()), ...resolving.missing().map(asState)],
    settled: settle(),
    onChange(tell) {
      changed.add(tell);
      return () => changed.delete(tell);
    },
    use(next) {
      config = next;
      resolving.use(configuredNames(config));
      renew();
    },
    async close() {
      for (const stop of stopFollowing) stop?.();
      resolving.close();
      finder.close();
      pool.close();
      await demo?.close();
    },
  };
}

/** Whether a server takes requests the pool alone decides; what it is and what it lists the finder knows. */
function withPool(found: readonly FoundState[], states: readonly ServerState[]): FoundState[] {
  const byUrl = new Map(states.map((state) => [state.url, state]));
  return found.map((server) => {
    const own = byUrl.get(server.url);
    if (own === undefined || own.state === 'unknown') return server;
    if (own.state === 'up') return { ...server, state: 'up', detail: server.state === 'up' ? server.detail : own.detail };
    return { ...server, state: 'down', detail: own.detail };
  });
}

function asState({ url, detail }: { url: string; detail: string }): FoundState {
  return { url, state: 'down', engine: 'unknown', detail, models: [], answersWithoutKey: false, offered: false };
}

function asReplica(demo: Demo): Replica {
  return { url: demo.url, apiKey: demo.apiKey, engine: 'demo', caFile: null, weight: 1 };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
