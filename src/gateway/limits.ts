import type { Caller } from '../core/caller.js';
import type { Clock } from '../core/clock.js';
import type { LimitSettings } from '../core/limits.js';
import type { KeyDirectory } from '../keys/key.js';
import { createAccountsOf, type Accounting, type AccountsOf } from '../limits/accounts-of.js';
import type { PastUse } from '../limits/limit-store.js';
import { createMemoryLimitStore, type MemoryLimitStore } from '../limits/memory-limit-store.js';
import type { UsedBefore } from '../usage/ledger.js';
import type { Configuration } from './configuration.js';
import type { Stores } from './stores.js';

const NO_LIMITS: LimitSettings = Object.freeze({});

/** What is counted, and for whom. */
export interface Limits {
  store: MemoryLimitStore;
  /** Who is charged for a request, by the settings of this moment. */
  accountsOf(caller: Caller, model: string | null): Accounting;
}

/** Counts from where the ledger says that the last run came to. */
export function createLimits({
  configuration,
  stores,
  clock,
}: {
  configuration: Pick<Configuration, 'current' | 'onChange'>;
  stores: Stores;
  clock: Clock;
}): Limits {
  const { directory } = stores.keys;
  const store = createMemoryLimitStore(clock);
  const make = (): AccountsOf => {
    const { limits, owners, models } = configuration.current().config;
    // Every model of the file is counted, so that a limit that is set at noon knows the morning.
    const counted = Object.keys(models).map((name): [string, LimitSettings] => [name, NO_LIMITS]);
    return createAccountsOf({
      defaults: limits,
      owners: new Map(Object.entries(owners)),
      models: new Map([...counted, ...Object.entries(limits.models)]),
      keyLimits: (id) => ownLimits(directory, id),
      ownerLimits: (name) => directory.ownerLimits(name),
    });
  };
  let accountsOf = make();
  configuration.onChange(() => (accountsOf = make()));
  stores.usage.onUsedBefore((used) => store.restore(used.flatMap((one) => pastUse(one, directory))));
  return { store, accountsOf: (caller, model) => accountsOf(caller, model) };
}

function ownLimits(directory: KeyDirectory, id: string): LimitSettings | null {
  return directory.byId(id)?.policy.limits ?? null;
}

/** What was used before counts for everybody it counted for then. */
function pastUse({ callerId, owner, model, ...used }: UsedBefore, directory: KeyDirectory): PastUse[] {
  const key = directory.byId(callerId);
  const own = key === null ? [`caller:${callerId}`] : [callerId, ...key.lineage].map((id) => `key:${id}`);
  const accounts = [...own, ...(owner === null ? [] : [`owner:${owner}`]), `model:${model}`];
  return accounts.map((account) => ({ ...used, account }));
}
