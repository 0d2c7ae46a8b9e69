import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { startDemo, type Demo } from '../demo/server.js';
import { createCatalogue, type BuiltCatalogue, type FoundState } from '../replicas/catalogue.js';
import {
  configuredNames,
  configuredReplicas,
  configuredUpstreams,
  type ReplicaSources,
} from '../replicas/configured.js';
import { resolveBySystem, startResolving, type Resolve, type Resolving } from '../replicas/dns.js';
import { startFinder, type Finder } from '../replicas/finder.js';
import type { Replica } from '../replicas/model.js';
import { createPool, type Pool } from '../replicas/pool.js';
import type { Probe } from '../replicas/probe.js';
import { withPool } from './server-states.js';

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

/** Begins to look for the model servers. Failing ones are states, never errors. */
export async function startModels(options: ModelsOptions): Promise<Models> {
  const seenReal = await exists(join(options.dataDir, SEEN_REAL_FILE));
  return new LiveModels(options, seenReal);
}

class LiveModels implements Models {
  readonly pool: Pool;
  readonly settled: Promise<void>;
  readonly #options: ModelsOptions;
  readonly #resolving: Resolving;
  readonly #sources: ReplicaSources;
  readonly #finder: Finder;
  readonly #changed = new Set<() => void>();
  readonly #stopFollowing: (() => void)[];
  #config: Config;
  #demo: Demo | null = null;
  #catalogue: BuiltCatalogue;

  constructor(options: ModelsOptions, seenReal: boolean) {
    const { config, clock, log, probe, processes, resolve = resolveBySystem } = options;
    this.#options = options;
    this.#config = config;
    this.pool = createPool({ probe, clock, log });
    this.#resolving = startResolving({
      names: configuredNames(config),
      resolve,
      clock,
      log,
      changed: () => this.#renew(),
    });
    this.#sources = { addresses: this.#resolving.addresses, processes: (model) => processes?.replicasOf(model) ?? [] };
    this.#finder = startFinder({ ...options, ...this.#servers(), seenReal });
    this.#catalogue = this.#build();
    this.#stopFollowing = [this.#finder.onChange(() => this.#rebuild())];
    if (processes !== undefined) this.#stopFollowing.push(processes.onChange(() => this.#renew()));
    this.#finder.onReal(() => void this.#seenReal());
    this.settled = this.#settle();
  }

  // Arrows, because other parts hand these on without their object.
  catalogue = (): BuiltCatalogue => this.#catalogue;

  incomplete = (): boolean =>
    this.#catalogue.silent.length > 0 || (this.#catalogue.list().length === 0 && this.#finder.seenReal);

  states = (): FoundState[] => withPool(this.#finder.states(), this.pool.states());

  onChange = (tell: () => void): (() => void) => {
    this.#changed.add(tell);
    return () => void this.#changed.delete(tell);
  };

  use(config: Config): void {
    this.#config = config;
    this.#resolving.use(configuredNames(config));
    this.#renew();
  }

  async close(): Promise<void> {
    for (const stop of this.#stopFollowing) stop();
    this.#resolving.close();
    this.#finder.close();
    this.pool.close();
    await this.#demo?.close();
  }

  #servers(): { upstreams: Replica[]; replicas: Replica[] } {
    const standIn = this.#demo === null ? [] : [asReplica(this.#demo)];
    return {
      upstreams: [...configuredUpstreams(this.#config), ...standIn],
      replicas: configuredReplicas(this.#config, this.#sources),
    };
  }

  #build(): BuiltCatalogue {
    const found = new Map(this.#finder.states().map((state) => [state.url, state]));
    const catalogue = createCatalogue(this.#config, found, {
      upstreams: this.#servers().upstreams,
      sources: this.#sources,
    });
    this.pool.use(catalogue.served);
    return catalogue;
  }

  /** Something else is known of the servers. */
  #rebuild(): void {
    this.#catalogue = this.#build();
    for (const tell of this.#changed) tell();
  }

  /** Other servers than before. */
  #renew(): void {
    const { upstreams, replicas } = this.#servers();
    this.#finder.setUpstreams(upstreams, replicas);
    this.#rebuild();
  }

  async #settle(): Promise<void> {
    const { demo, clock, log } = this.#options;
    await Promise.all([this.#finder.settled, this.#resolving.settled]);
    if (!demo || this.#finder.seenReal) return;
    this.#demo = await startDemo({ clock });
    log.info({ url: this.#demo.url }, 'no model server was found: the built-in demo model answers until one appears');
    this.#renew();
    await this.#finder.look();
    this.#rebuild();
  }

  async #seenReal(): Promise<void> {
    const { dataDir, log } = this.#options;
    void writeFile(join(dataDir, SEEN_REAL_FILE), '', { mode: 0o600 }).catch((error: unknown) =>
      log.warn(
        { error: String(error) },
        'that a real engine was seen could not be noted; the demo may come back after a restart',
      ),
    );
    const ending = this.#demo;
    if (ending === null) return;
    this.#demo = null;
    this.#renew();
    await ending.close();
  }
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
