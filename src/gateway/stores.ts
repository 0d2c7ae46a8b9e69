import { lackingWhenDerived } from '../access/grant.js';
import { isKnownScope } from '../access/scope.js';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import { parseDuration } from '../core/duration.js';
import type { LimitSettings } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { openDataDirectory } from '../storage/data-directory.js';
import { openKeyStore, type OpenedKeyStore } from '../storage/key-store.js';
import { lock } from '../storage/lock.js';
import { openUsage, type Usage } from '../storage/usage-log.js';

export interface Stores {
  dataDir: string;
  keys: OpenedKeyStore;
  usage: Usage;
  close(): Promise<void>;
}

export interface StoresOptions {
  dataDir: string;
  /** Make the directory and the stores when there are none. */
  create: boolean;
  config(): Config;
  clock: Clock;
  log: Log;
}

/**
 * Opens the data directory as its one writer: takes the lock, then both stores side by side. Whatever
 * is damaged, newer or held by another process is refused with what to do.
 */
export async function openStores({ dataDir, create, config, clock, log }: StoresOptions): Promise<Stores> {
  const directory = await openDataDirectory(dataDir, { create });
  const held = await lock(directory.path);
  const { request_log_days: requestLogDays, ledger_days: ledgerDays } = config().usage;
  const openingUsage = openUsage({ dir: directory.path, clock, log, requestLogDays, ledgerDays });
  const openingKeys = openKeyStore({
    dir: directory.path,
    clock,
    log,
    isKnownScope,
    lacking: lackingWhenDerived,
    lastUse: openingUsage.then(({ lastUse }) => lastUse),
    defaults: () => keyDefaults(config()),
  });
  try {
    const [usage, keys] = await Promise.all([openingUsage, openingKeys]);
    const close = async (): Promise<void> => {
      await keys.close();
      await usage.close();
      held.release();
    };
    return { dataDir: directory.path, keys, usage, close };
  } catch (error) {
    for (const store of await Promise.allSettled([openingKeys, openingUsage]))
      if (store.status === 'fulfilled') await store.value.close();
    held.release();
    throw error;
  }
}

export function keyDefaults({ keys, limits }: Config): {
  scopes: readonly string[];
  expirySeconds: number | null;
  maxLifetimeSeconds: number | null;
  limits: LimitSettings;
} {
  const seconds = (text: string | null): number | null => (text === null ? null : parseDuration(text));
  return {
    scopes: keys.default_scopes,
    expirySeconds: seconds(keys.default_expires),
    maxLifetimeSeconds: seconds(keys.max_lifetime),
    limits,
  };
}
