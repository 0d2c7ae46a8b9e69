import { createAdminApp } from '../admin/app.js';
import type { AdminFetch } from '../admin/caller.js';
import { lacking } from '../access/grant.js';
import { covers, isKnownScope } from '../access/scope.js';
import type { LoadedConfig } from '../config/load.js';
import { systemClock, unixSeconds } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { createIdentity, type Identity } from '../identity/identify.js';
import { NOBODY_VOUCHES } from '../identity/providers/vouching.js';
import { parseKey } from '../keys/format.js';
import { parseRanges } from '../core/address.js';
import { createCatalogue } from '../replicas/catalogue.js';
import { createProbe } from '../upstream/probe.js';
import { createAdminPorts } from './admin-ports.js';
import { OPERATOR } from './answer-admin.js';
import { createExplain } from './explain.js';
import { createLimits } from './limits.js';
import { explainedMatch } from './listeners.js';
import { keyFileWarnings } from './orchestra.js';
import { openStores, type Stores } from './stores.js';
import { VERSION } from './version.js';

export interface OfflineOptions {
  loaded: LoadedConfig;
  dataDir: string;
  /** Make the store when there is none. */
  create: boolean;
  log: Log;
}

/**
 * The admin API over the store while no gateway runs: the same app, asked by this machine's operator.
 * Rejects with a `Refusal` when another process holds the data directory.
 */
export async function openOffline({
  loaded,
  dataDir,
  create,
  log,
}: OfflineOptions): Promise<{ fetch: AdminFetch; close(): Promise<void> }> {
  const clock = systemClock;
  const stores = await openStores({ dataDir, create, config: () => loaded.config, clock, log });
  const probe = createProbe();
  const catalogue = createCatalogue(loaded.config, new Map());
  const identity = storedIdentity(stores);
  const ofKeyFile = await keyFileWarnings(loaded, clock);
  const limits = createLimits({ configuration: { current: () => loaded, onChange: () => undefined }, stores, clock });
  const startedAt = unixSeconds(clock);
  const app = createAdminApp(
    createAdminPorts({
      stores,
      clock,
      probe,
      loaded: () => loaded,
      explain: createExplain({
        identity,
        match: explainedMatch(loaded.config.listeners),
        catalogue: () => catalogue,
        routeRules: () => loaded.config.auth.route_policy,
        limits,
        clock,
      }),
      models: () => catalogue.list(),
      states: () => [],
      replicas: null,
      processes: () => [],
      warnings: () => [...ofKeyFile, ...catalogue.warnings, ...stores.keys.warnings],
      status: () => ({ version: VERSION, startedAt, listeners: [], draining: false, lastReload: null }),
      inFlight: null,
      sessions: null,
      recent: null,
      roster: null,
      reload: async () => ({
        ok: false,
        faults: ['No gateway runs, so there is nothing to reload. `keyporter serve` starts it.'],
      }),
      stop: null,
    }),
    { clock, log, version: VERSION, covers, isKnownScope, lacking },
  );
  return {
    fetch: (path, init = {}) =>
      app.fetch(new Request(`http://keyporter${path}`, init), {
        actor: { ...OPERATOR, requestId: null },
        holder: 'operator',
        keyId: null,
        reach: 'admin',
      }),
    async close() {
      await probe.close();
      await stores.close();
    },
  };
}

/** Only keys of the store are known while no gateway runs. */
function storedIdentity({ keys }: Stores): Identity {
  return createIdentity({
    directory: keys.directory,
    canonicalKey: (text) => parseKey(text)?.canonical ?? null,
    localNetworks: parseRanges([]),
    localScopes: [],
    vouching: NOBODY_VOUCHES,
  });
}
