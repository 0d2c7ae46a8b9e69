import type * as z from 'zod';
import { admin, allowedHosts, cors, publicUrl, server, trustedProxies } from './front-door.js';
import { auth, keys } from './keys.js';
import { listen, listeners, tls } from './listeners.js';
import { group, flag } from './members.js';
import { defaultModel, models, unknownModel, upstreams } from './models.js';
import { limits, owners } from './limits.js';
import {
  audit,
  database,
  dataDir,
  logging,
  maxStaleSeconds,
  metrics,
  sharedState,
  tracing,
  usage,
} from './operations.js';
import { authkeys, orchestra } from './profiles.js';

/**
 * The whole of `keyporter.yaml`: types, defaults, bounds, messages, JSON Schema and manual come from
 * here. The order is the order of the manual.
 */
export const configSchema = group({
  listen,
  listeners,
  public_url: publicUrl,
  allowed_hosts: allowedHosts,
  trusted_proxies: trustedProxies,
  tls,
  cors,
  server,
  admin,
  data_dir: dataDir,
  database,
  shared_state: sharedState,
  max_stale_seconds: maxStaleSeconds,
  identity_headers: flag()
    .default(false)
    .describe(
      'Sends `x-keyporter-key-id`, `-owner`, `-scopes`, `-principal` and `-attributes` to the model servers. Such headers from clients are always removed.',
    ),
  auth,
  keys,
  authkeys,
  orchestra,
  upstreams,
  default_model: defaultModel,
  unknown_model: unknownModel,
  models,
  limits,
  owners,
  audit,
  usage,
  logging,
  metrics,
  tracing,
});

/** What the schema makes of a file. */
export type ParsedConfig = z.output<typeof configSchema>;

export type TlsConfig = ParsedConfig['tls'];
type ParsedListener = NonNullable<ParsedConfig['listeners']>[number];

/** A listener with everything settled: `tls` is its own or the shared one, null = plain. */
export type ListenerConfig = Omit<ParsedListener, 'tls'> & { tls: TlsConfig | null };

/**
 * The configuration that runs, in the spelling of the file, deeply frozen. `listen` is already turned
 * into `listeners`, which are never empty. Files other than `data_dir` are absolute paths.
 */
export type Config = Omit<ParsedConfig, 'listen' | 'listeners'> & { listeners: readonly ListenerConfig[] };
export type ModelConfig = Config['models'][string];
