import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { startDemo, type Demo } from '../demo/server.js';
import { createCatalogue, type BuiltCatalogue, type FoundState } from '../replicas/catalogue.js';
import { configuredReplicas, configuredUpstreams } from '../replicas/configured.js';
import { startFinder, type Finder } from '../replicas/finder.js';
import type { Replica } from '../replicas/model.js';
import type { Probe } from '../replicas/probe.js';

/** The models on offer and the servers behind them, as they are now. */
export interface Models {
  catalogue(): BuiltCatalogue;
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
}

/** Written once a real engine was seen in this data directory: from then on the demo never answers again. */
const SEEN_REAL_FILE = 'engine-seen';

export async function startModels(options: ModelsOptions): Promise<Models> {
  const { clock, log, probe, ownPorts, dataDir } = options;
  let config = options.config;
  let demo: Demo | null = null;
  const changed = new Set<() => void>();
  const seenReal = await exists(join(dataDir, SEEN_REAL_FILE));
  const finder: Finder = startFinder({
    upstreams: configuredUpstreams(config),
    replicas: configuredReplicas(config),
    autodetect: options.autodetect,
    probe,
    clock,
    log,
    ownPorts,
    seenReal,
  });
  const upstreams = (): Replica[] => [...configuredUpstreams(config), ...(demo === null ? [] : [asReplica(demo)])];
  const build = (): BuiltCatalogue => createCatalogue(config, new Map(finder.states().map((state) => [state.url, state])), upstreams());
  let catalogue = build();
  const rebuild = (): void => {
    catalogue = build();
    for (const tell of changed) tell();
  };
  const stopFollowing = finder.onChange(rebuild);
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
    finder.setUpstreams(upstreams(), configuredReplicas(config));
    rebuild();
    await ending.close();
  };
  const settle = async (): Promise<void> => {
    await finder.settled;
    if (!options.demo || finder.seenReal) return;
    demo = await startDemo({ clock });
    log.info({ url: demo.url }, 'no model server was found: the built-in demo model answers until one appears');
    finder.setUpstreams(upstreams(), configuredReplicas(config));
    await finder.look();
    rebuild();
  };
  return {
    catalogue: () => catalogue,
    incomplete: () => catalogue.silent.length > 0 || (catalogue.list().length === 0 && finder.seenReal),
    states: () => finder.states(),
    settled: settle(),
    onChange(tell) {
      changed.add(tell);
      return () => changed.delete(tell);
    },
    use(next) {
      config = next;
      finder.setUpstreams(upstreams(), configuredReplicas(config));
      rebuild();
    },
    async close() {
      stopFollowing();
      finder.close();
      await demo?.close();
    },
  };
}

function asReplica(demo: Demo): Replica {
  return { url: demo.url, apiKey: demo.apiKey, engine: 'demo', caFile: null };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
