import { resolve } from 'node:path';
import { Secret } from '../core/secret.js';
import { effectiveTls } from './listener-rules.js';
import { DEFAULT_LISTEN, isLoopbackHost, parseListen } from './listen.js';
import type { Config, ListenerConfig, ParsedConfig, TlsConfig } from './schema.js';

/** Settles what depends on several members, makes paths absolute, and freezes everything. */
export function finish(parsed: ParsedConfig, directory: string, usualKeysFile: string): Config {
  const { listen, listeners, ...rest } = parsed;
  const tls = absoluteTls(rest.tls, directory);
  const settled: Config = {
    ...rest,
    tls,
    orchestra: { ...rest.orchestra, keys_file: keysFile(rest.orchestra.keys_file, directory, usualKeysFile) },
    models: mapValues(rest.models, (model) => ({
      ...model,
      replicas: model.replicas.map((replica) => ({ ...replica, ca_file: absolute(replica.ca_file, directory) })),
    })),
    listeners:
      listeners === undefined
        ? [onlyListener(listen ?? DEFAULT_LISTEN, { ...rest, tls })]
        : listeners.map((listener) => {
            const own =
              listener.tls === null || listener.tls === undefined ? listener.tls : absoluteTls(listener.tls, directory);
            return { ...listener, tls: effectiveTls(own, tls) };
          }),
  };
  return freeze(settled) as Config;
}

/** The listener behind the shorthand: the administration and the metrics join where nobody can read along, or where that was allowed. */
function onlyListener(listen: string, { tls, admin }: Pick<ParsedConfig, 'tls' | 'admin'>): ListenerConfig {
  const encryption = effectiveTls(undefined, tls);
  const safe = encryption !== null || admin.allow_plain_http || isLoopbackHost(parseListen(listen)?.host ?? '');
  return {
    listen,
    serve: safe ? ['api', 'admin', 'metrics'] : ['api'],
    profile: 'openai',
    tls: encryption,
    verify_networks: [],
  };
}

function absoluteTls(tls: TlsConfig, directory: string): TlsConfig {
  return {
    ...tls,
    cert_file: absolute(tls.cert_file, directory),
    key_file: absolute(tls.key_file, directory),
    client_ca_file: absolute(tls.client_ca_file, directory),
  };
}

/** `undefined` = nobody named one, `null` = there shall be none. */
function keysFile(written: string | null | undefined, directory: string, usual: string): string | null {
  return written === undefined ? usual : absolute(written, directory);
}

function absolute(path: string | null, directory: string): string | null {
  return path === null ? null : resolve(directory, path);
}

function mapValues<Value>(
  map: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
}

/**
 * A frozen copy whose maps have no prototype: a model asked for as `constructor` is found only when
 * one is configured.
 */
function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return Object.freeze(value);
  if (Array.isArray(value)) return Object.freeze(value.map(freeze));
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) copy[name] = freeze(member);
  return Object.freeze(copy);
}
