import { lacking } from '../../src/access/grant.js';
import { isKnownScope } from '../../src/access/scope.js';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { Actor } from '../../src/keys/key.js';
import type { KeyDefaults } from '../../src/keys/life.js';
import { openKeyStore, type OpenedKeyStore } from '../../src/storage/key-store.js';
import type { LastUse } from '../../src/usage/request-row.js';

export const OPERATOR: Actor = { id: 'local:test', address: null, requestId: null };

/** Last uses a test sets by hand. */
export class KnownUses implements LastUse {
  readonly #uses = new Map<string, { current: number | null; previous: number | null }>();

  touch(keyId: string, slot: 'current' | 'previous', unixSeconds: number): void {
    this.#uses.set(keyId, { ...this.of(keyId), [slot]: unixSeconds });
  }

  of(keyId: string): { current: number | null; previous: number | null } {
    return this.#uses.get(keyId) ?? { current: null, previous: null };
  }
}

/** A clock whose wall time stands still until it is moved; waiting is real. */
export class SetClock implements Clock {
  seconds = 1_800_000_000;
  readonly monotonic = systemClock.monotonic;
  readonly after = systemClock.after;
  readonly every = systemClock.every;

  now(): number {
    return this.seconds * 1000;
  }
}

export interface OpenedOptions {
  clock?: Clock;
  lastUse?: LastUse;
  defaults?: Partial<KeyDefaults>;
}

/** The real store over real files, with a real thread. */
export function openStore(dir: string, options: OpenedOptions = {}): Promise<OpenedKeyStore> {
  const defaults = {
    scopes: ['infer'],
    expirySeconds: null,
    maxLifetimeSeconds: null,
    limits: {},
    ...options.defaults,
  };
  return openKeyStore({
    dir,
    clock: options.clock ?? systemClock,
    log: silentLog,
    lacking,
    isKnownScope,
    defaults: () => defaults,
    lastUse: options.lastUse ?? new KnownUses(),
  });
}

/** The refusal a promise must end with. */
export async function refusalOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    const { code, publicMessage } = error as { code?: string; publicMessage?: string };
    if (code === undefined || publicMessage === undefined) throw error;
    return { code, message: publicMessage };
  }
  throw new Error('It was not refused.');
}
