import type { Config, ModelConfig } from '../config/schema.js';
import type { EngineName, OfferedModel, Replica, Timeouts } from './model.js';

/** The members of the configuration the catalogue reads. */
export interface CatalogueConfig extends Pick<Config, 'upstreams' | 'default_model' | 'unknown_model'> {
  models: Readonly<Record<string, ConfiguredModel>>;
}

/** What is used of one entry of `models`. */
export interface ConfiguredModel extends Pick<
  ModelConfig,
  'aliases' | 'engine' | 'upstream_model' | 'restricted' | 'paths' | 'timeouts'
> {
  replicas: readonly Pick<ModelConfig['replicas'][number], 'url' | 'api_key' | 'ca_file'>[];
}

/** For models nobody configured. Same values as the defaults of `timeouts`. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 2000,
  firstByteMs: 1_800_000,
  idleMs: 120_000,
  totalMs: 3_600_000,
};

/** The servers under `upstreams`, in order, each URL once. */
export function configuredUpstreams({ upstreams }: Pick<CatalogueConfig, 'upstreams'>): Replica[] {
  const byUrl = new Map<string, Replica>();
  for (const { url, api_key: apiKey, engine } of upstreams) {
    if (!byUrl.has(url)) byUrl.set(url, { url, apiKey, engine: engineOf(engine), caFile: null });
  }
  return [...byUrl.values()];
}

/** The servers named under `replicas` of the models, each URL once: watched for their state, their lists are not offered. */
export function configuredReplicas({ models }: Pick<CatalogueConfig, 'models'>): Replica[] {
  const all = Object.entries(models).flatMap(([name, entry]) => configuredModel(name, entry).replicas);
  return [...new Map(all.map((replica) => [replica.url, replica])).values()];
}

/** A configured model. `name` is its member in `models`; `"*"` passes names on. */
export function configuredModel(name: string, entry: ConfiguredModel): OfferedModel {
  return {
    name,
    aliases: entry.aliases,
    restricted: entry.restricted,
    origin: name === '*' ? 'wildcard' : 'configured',
    upstreamName: entry.upstream_model ?? name,
    replicas: entry.replicas.map(({ url, api_key: apiKey, ca_file: caFile }) => ({
      url,
      apiKey,
      engine: engineOf(entry.engine),
      caFile,
    })),
    paths: entry.paths,
    timeouts: {
      connectMs: entry.timeouts.connect_ms,
      firstByteMs: entry.timeouts.first_byte_seconds * 1000,
      idleMs: entry.timeouts.idle_seconds * 1000,
      totalMs: entry.timeouts.total_seconds * 1000,
    },
    created: 0,
    ownedBy: 'keyporter',
  };
}

function engineOf(engine: ModelConfig['engine']): EngineName {
  return engine === 'auto' ? 'unknown' : engine;
}
