import type { Secret } from '../core/secret.js';
import type { EngineName, OfferedModel, Replica, Timeouts } from './model.js';

type Optional<T> = T | null | undefined;

/** A server as the file names it, under `upstreams` or under `replicas` of a model. */
export interface ConfiguredServer {
  url: string;
  api_key?: Optional<Secret>;
  ca_file?: Optional<string>;
  engine?: Optional<EngineName | 'auto'>;
}

/** One entry of `models`. */
export interface ConfiguredModel {
  aliases?: Optional<readonly string[]>;
  engine?: Optional<EngineName | 'auto'>;
  upstream_model?: Optional<string>;
  restricted?: Optional<boolean>;
  replicas?: Optional<readonly ConfiguredServer[]>;
  paths?: Optional<Readonly<Record<string, string>>>;
  timeouts?: Optional<{ connect_ms: number; first_byte_seconds: number; idle_seconds: number; total_seconds: number }>;
}

/** The members of the configuration the catalogue reads. */
export interface CatalogueConfig {
  upstreams?: Optional<readonly ConfiguredServer[]>;
  default_model?: Optional<string>;
  unknown_model?: Optional<'refuse' | 'default'>;
  models?: Optional<Readonly<Record<string, ConfiguredModel>>>;
}

/** For models nobody configured. Same values as the defaults of `timeouts`. */
export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 2000, firstByteMs: 1_800_000, idleMs: 120_000, totalMs: 3_600_000 };

/** Scheme, host, port and base path: no credentials, query or trailing slash, and without the `/v1` people copy along. */
export function baseUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '')}`;
}

/** The servers under `upstreams`, in order, each once. */
export function configuredUpstreams(config: CatalogueConfig): Replica[] {
  const byUrl = new Map<string, Replica>();
  for (const server of config.upstreams ?? []) {
    const replica = toReplica(server, null);
    if (!byUrl.has(replica.url)) byUrl.set(replica.url, replica);
  }
  return [...byUrl.values()];
}

/** A configured model without what other servers tell about it. `name` is its member in `models`. */
export function configuredModel(name: string, entry: ConfiguredModel): OfferedModel {
  return {
    name,
    aliases: entry.aliases ?? [],
    restricted: entry.restricted ?? false,
    origin: name === '*' ? 'wildcard' : 'configured',
    upstreamName: entry.upstream_model ?? name,
    replicas: (entry.replicas ?? []).map((server) => toReplica(server, entry.engine)),
    paths: entry.paths ?? {},
    timeouts: toTimeouts(entry.timeouts),
    created: 0,
    ownedBy: 'keyporter',
  };
}

function toReplica(server: ConfiguredServer, modelEngine: ConfiguredModel['engine']): Replica {
  return {
    url: baseUrl(server.url),
    apiKey: server.api_key ?? null,
    engine: namedEngine(server.engine) ?? namedEngine(modelEngine) ?? 'unknown',
    caFile: server.ca_file ?? null,
  };
}

function namedEngine(engine: ConfiguredModel['engine']): EngineName | null {
  return engine === undefined || engine === null || engine === 'auto' ? null : engine;
}

function toTimeouts(configured: ConfiguredModel['timeouts']): Timeouts {
  if (configured === null || configured === undefined) return DEFAULT_TIMEOUTS;
  return {
    connectMs: configured.connect_ms,
    firstByteMs: configured.first_byte_seconds * 1000,
    idleMs: configured.idle_seconds * 1000,
    totalMs: configured.total_seconds * 1000,
  };
}
