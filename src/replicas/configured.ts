import type { Config, ModelConfig } from '../config/schema.js';
import type { EngineName, OfferedModel, Replica } from './model.js';

/** The members of the configuration the catalogue reads. */
export interface CatalogueConfig extends Pick<Config, 'upstreams' | 'default_model' | 'unknown_model'> {
  models: Readonly<Record<string, ConfiguredModel>>;
}

/** What is used of one entry of `models`. */
export interface ConfiguredModel extends Pick<
  ModelConfig,
  | 'aliases'
  | 'engine'
  | 'upstream_model'
  | 'restricted'
  | 'paths'
  | 'timeouts'
  | 'balance'
  | 'max_in_flight'
  | 'readiness_probe'
  | 'fields'
  | 'media_urls'
> {
  replicas: readonly ConfiguredReplica[];
  queue: Pick<ModelConfig['queue'], 'max_waiting' | 'max_wait_seconds' | 'heartbeat_after_seconds'>;
}

type ConfiguredReplica = Pick<
  ModelConfig['replicas'][number],
  'url' | 'dns' | 'port' | 'api_key' | 'ca_file' | 'weight'
>;

/** Replicas that are not written in the file but found out while the gateway runs. */
export interface ReplicaSources {
  /** Base URLs of the addresses behind a name, as last resolved. */
  addresses(name: DnsName): readonly string[];
  /** Processes that Keyporter started for a model. */
  processes(model: string): readonly Replica[];
}

/** A name every address of which is a replica. */
export interface DnsName {
  host: string;
  port: number;
}

export const NO_SOURCES: ReplicaSources = { addresses: () => [], processes: () => [] };

/** What holds for models nobody configured: the same values as the defaults of the configuration. */
export const DEFAULT_TREATMENT: Pick<
  OfferedModel,
  'timeouts' | 'balance' | 'maxInFlight' | 'queue' | 'readiness' | 'fields' | 'mediaUrls'
> = {
  timeouts: { connectMs: 2000, firstByteMs: 1_800_000, idleMs: 120_000, totalMs: 3_600_000 },
  balance: 'least_load',
  maxInFlight: null,
  queue: { maxWaiting: 256, maxWaitMs: 300_000, heartbeatAfterMs: 15_000 },
  readiness: {
    path: null,
    method: 'GET',
    headers: {},
    body: null,
    intervalMs: 10_000,
    timeoutMs: 15_000,
    startupGraceMs: 1_200_000,
  },
  fields: { deny: [], clamp: { n: 8, best_of: 8 } },
  mediaUrls: 'data_only',
};

/** The servers under `upstreams`, in order, each URL once. */
export function configuredUpstreams({ upstreams }: Pick<CatalogueConfig, 'upstreams'>): Replica[] {
  const byUrl = new Map<string, Replica>();
  for (const { url, api_key: apiKey, engine } of upstreams) {
    if (!byUrl.has(url)) byUrl.set(url, { url, apiKey, engine: engineOf(engine), caFile: null, weight: 1 });
  }
  return [...byUrl.values()];
}

/** The servers of the models, each URL once: watched for their state, their lists are not offered. */
export function configuredReplicas(
  { models }: Pick<CatalogueConfig, 'models'>,
  sources: ReplicaSources = NO_SOURCES,
): Replica[] {
  const all = Object.entries(models).flatMap(([name, entry]) => configuredModel(name, entry, sources).replicas);
  return [...new Map(all.map((replica) => [replica.url, replica])).values()];
}

/** The names under `replicas` whose addresses are replicas, each once. */
export function configuredNames({ models }: Pick<CatalogueConfig, 'models'>): DnsName[] {
  const all = Object.values(models).flatMap(({ replicas }) => replicas.flatMap((replica) => nameOf(replica) ?? []));
  return [...new Map(all.map((name) => [`${name.host} ${name.port}`, name])).values()];
}

/** A configured model. `name` is its member in `models`; `"*"` passes names on. */
export function configuredModel(
  name: string,
  entry: ConfiguredModel,
  sources: ReplicaSources = NO_SOURCES,
): OfferedModel {
  const { timeouts, queue } = entry;
  return {
    name,
    aliases: entry.aliases,
    restricted: entry.restricted,
    origin: name === '*' ? 'wildcard' : 'configured',
    upstreamName: entry.upstream_model ?? name,
    replicas: replicasOf(name, entry, sources),
    paths: entry.paths,
    timeouts: {
      connectMs: timeouts.connect_ms,
      firstByteMs: timeouts.first_byte_seconds * 1000,
      idleMs: timeouts.idle_seconds * 1000,
      totalMs: timeouts.total_seconds * 1000,
    },
    balance: entry.balance,
    maxInFlight: entry.max_in_flight,
    queue: {
      maxWaiting: queue.max_waiting,
      maxWaitMs: queue.max_wait_seconds * 1000,
      heartbeatAfterMs: queue.heartbeat_after_seconds === null ? null : queue.heartbeat_after_seconds * 1000,
    },
    readiness: readinessOf(entry.readiness_probe),
    fields: entry.fields,
    mediaUrls: entry.media_urls,
    created: 0,
    ownedBy: 'keyporter',
  };
}

function readinessOf(probe: ConfiguredModel['readiness_probe']): OfferedModel['readiness'] {
  return {
    path: probe.path,
    method: probe.method,
    headers: probe.headers,
    body: probe.body,
    intervalMs: probe.interval_seconds * 1000,
    timeoutMs: probe.timeout_seconds * 1000,
    startupGraceMs: probe.startup_grace_seconds * 1000,
  };
}

/** In the order of the file, each URL once, processes last. */
function replicasOf(model: string, entry: ConfiguredModel, sources: ReplicaSources): Replica[] {
  const engine = engineOf(entry.engine);
  const written = entry.replicas.flatMap((replica): Replica[] => {
    const name = nameOf(replica);
    const urls = name === null ? [replica.url ?? ''] : sources.addresses(name);
    return urls.map((url) => ({
      url,
      apiKey: replica.api_key,
      engine,
      caFile: replica.ca_file,
      weight: replica.weight,
    }));
  });
  const byUrl = new Map<string, Replica>();
  for (const replica of [...written, ...sources.processes(model)]) {
    if (!byUrl.has(replica.url)) byUrl.set(replica.url, replica);
  }
  return [...byUrl.values()];
}

function nameOf({ dns, port }: ConfiguredReplica): DnsName | null {
  return dns === null || port === null ? null : { host: dns, port };
}

function engineOf(engine: ModelConfig['engine']): EngineName {
  return engine === 'auto' ? 'unknown' : engine;
}
