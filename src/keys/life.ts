import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { LimitSettings } from '../core/limits.js';
import type { LastUse } from '../usage/request-row.js';
import { checkOwnerChange } from './check-limits.js';
import { checkOwner, checkSettings, type SettingRules } from './check-settings.js';
import { checkLine, invalid } from './check-text.js';
import { childSettings, requireWithin, type Lacking } from './derived.js';
import { makeKey } from './format.js';
import { digestOf } from './hash.js';
import { importKeys, type ImportParts } from './import-keys.js';
import type { Actor, KeyChange, KeyLife, KeyRecord, NewKey, RevokeResult, RevokeTarget } from './key.js';
import { STALE, type KeyStore } from './key-store.js';
import { listKeys, ownerRecord } from './listing.js';
import { keyRecord, lastUseOf } from './record.js';
import type { ChangeContext, KeySettings, StoredKey, StoredTarget } from './stored-key.js';
import { digestOfSecret } from './target.js';
import type { Secret } from '../core/secret.js';

/** `keys` of the configuration, as far as the life of a key depends on it. Read anew at every use, so that a reload counts. */
export interface KeyDefaults {
  scopes: readonly string[];
  /** Null = for ever. */
  expirySeconds: number | null;
  maxLifetimeSeconds: number | null;
  /** Of keys that have none of their own. */
  limits: LimitSettings;
}

export interface KeyLifeParts {
  store: KeyStore;
  clock: Clock;
  defaults: () => KeyDefaults;
  isKnownScope: (scope: string) => boolean;
  lacking: Lacking;
  lastUse: LastUse;
  slowDigest: ImportParts['slowDigest'];
}

const LONGEST_OVERLAP_SECONDS = 604_800;
const LONGEST_REASON = 200;
const MOST_REVOKED_IDS = 10_000;
/** How often a change is planned anew when others change the same keys meanwhile. */
const MOST_PLANS = 20;

type Made = { record: KeyRecord; secret: Secret };

/** The life of keys over a store: checks what is asked, plans the change, and lets the store make it. */
export function createKeyLife(parts: KeyLifeParts): KeyLife {
  return new Life(parts);
}

class Life implements KeyLife {
  readonly #parts: KeyLifeParts;

  constructor(parts: KeyLifeParts) {
    this.#parts = parts;
  }

  async create(key: NewKey, actor: Actor): Promise<Made> {
    const made = await this.#insert({ settings: this.#newSettings(key), parent: null, onlyAsFirst: false, actor });
    if (made === STALE || made === null)
      throw new Refusal('internal', { reason: 'a key without parent cannot be stale' });
    return made;
  }

  derive(parentId: string, key: NewKey, actor: Actor): Promise<Made> {
    return replanned(async () => {
      const parent = await this.#stored(parentId);
      const settings = this.#childSettings(parent, key);
      requireWithin(parent, settings, this.#parts);
      const made = await this.#insert({ settings, parent, onlyAsFirst: false, actor });
      return made ?? STALE;
    });
  }

  async createFirstKey(actor: Actor): Promise<Made | null> {
    const settings = this.#newSettings({ name: 'first key', scopes: ['infer'] });
    const made = await this.#insert({ settings, parent: null, onlyAsFirst: true, actor });
    return made === STALE ? null : made;
  }

  importKeys: KeyLife['importKeys'] = (keys, actor) => importKeys(this.#parts, keys, actor);

  async get(id: string): Promise<KeyRecord | null> {
    const key = await this.#parts.store.get(id);
    return key === null ? null : this.#record(key);
  }

  list: KeyLife['list'] = (filter, page) => listKeys(this.#parts, filter, page);

  update(id: string, change: KeyChange, actor: Actor): Promise<KeyRecord> {
    const checked = checkSettings(change, this.#rules());
    return replanned(async () => {
      const key = await this.#stored(id);
      const settings = { ...settingsOf(key), ...checked };
      const parent = key.parentId === null ? null : await this.#parts.store.get(key.parentId);
      if (parent !== null) requireWithin(parent, settings, this.#parts);
      const request = { id, settings, revision: key.revision, parentRevision: parent?.revision ?? null };
      const updated = await this.#parts.store.update(request, this.#context(actor));
      return updated === STALE ? STALE : this.#record(updated);
    });
  }

  async rotate(id: string, overlapSeconds: number, actor: Actor): Promise<Made> {
    if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > LONGEST_OVERLAP_SECONDS) {
      throw invalid('overlap_seconds', `The overlap must be 0 to ${LONGEST_OVERLAP_SECONDS} seconds (7 days).`);
    }
    const context = this.#context(actor);
    const { secret } = makeKey(id);
    const previousExpiresAt = overlapSeconds === 0 ? null : context.at + overlapSeconds;
    const key = await this.#parts.store.rotate({ id, digest: digestOf(secret.reveal()), previousExpiresAt }, context);
    return { record: this.#record(key), secret };
  }

  async setDisabled(id: string, disabled: boolean, actor: Actor): Promise<KeyRecord> {
    return this.#record(await this.#parts.store.setDisabled({ id, disabled }, this.#context(actor)));
  }

  async findRevocable(target: RevokeTarget): Promise<KeyRecord[]> {
    const keys = await this.#parts.store.revocable(await storedTarget(target, this.#parts));
    return keys.map((key) => this.#record(key));
  }

  async revoke(target: RevokeTarget, reason: string | null, actor: Actor): Promise<RevokeResult> {
    const checkedReason = reason === null ? null : checkLine(reason, 'reason', LONGEST_REASON);
    const request = { target: await storedTarget(target, this.#parts), reason: checkedReason };
    const result = await this.#parts.store.revoke(request, this.#context(actor));
    return { ...result, lastUsedAt: lastUseOf(result.revoked, this.#parts.lastUse) };
  }

  async owners(): ReturnType<KeyLife['owners']> {
    const owners = await this.#parts.store.owners();
    return owners.map((owner) => ownerRecord(owner, this.#parts.lastUse));
  }

  setOwner: KeyLife['setOwner'] = async (name, change, actor) => {
    checkOwner(name);
    const request = { name, ...checkOwnerChange(change) };
    const owner = await this.#parts.store.setOwner(request, this.#context(actor));
    return ownerRecord(owner, this.#parts.lastUse);
  };

  async #insert(plan: {
    settings: KeySettings;
    parent: StoredKey | null;
    onlyAsFirst: boolean;
    actor: Actor;
  }): Promise<Made | typeof STALE | null> {
    const { settings, parent, onlyAsFirst, actor } = plan;
    const { id, secret } = makeKey();
    const key = { ...settings, id, parentId: parent?.id ?? null, digest: digestOf(secret.reveal()) };
    const stored = await this.#parts.store.insert(
      { key, parentRevision: parent?.revision ?? null, onlyAsFirst },
      this.#context(actor),
    );
    return stored === null || stored === STALE ? stored : { record: this.#record(stored), secret };
  }

  #newSettings(key: NewKey): KeySettings {
    const rules = this.#rules();
    const asked = {
      ...key,
      scopes: key.scopes ?? this.#parts.defaults().scopes,
      expiresAt: this.#expiryOf(key, rules),
    };
    const checked = checkSettings(asked, rules);
    return {
      owner: null,
      models: [],
      allowIps: [],
      limits: {},
      attributes: {},
      scopes: [],
      expiresAt: null,
      labels: {},
      ...checked,
      name: nameOf(checked),
    };
  }

  #childSettings(parent: StoredKey, key: NewKey): KeySettings {
    const rules = this.#rules();
    const checked = checkSettings(key, rules);
    const ends = [parent.expiresAt, this.#expiryOf(key, rules)].filter((at) => at !== null);
    const expiresAt =
      checked.expiresAt === undefined ? (ends.length === 0 ? null : Math.min(...ends)) : checked.expiresAt;
    return { ...childSettings(parent, checked), name: nameOf(checked), expiresAt };
  }

  /** What was asked for, else the configured default, else as long as is allowed. */
  #expiryOf(key: NewKey, rules: SettingRules): number | null {
    if (key.expiresAt !== undefined) return key.expiresAt;
    const seconds = this.#parts.defaults().expirySeconds ?? rules.maxLifetimeSeconds;
    return seconds === null ? null : rules.now + Math.min(seconds, rules.maxLifetimeSeconds ?? seconds);
  }

  #rules(): SettingRules {
    const { defaults, isKnownScope, clock } = this.#parts;
    return { isKnownScope, maxLifetimeSeconds: defaults().maxLifetimeSeconds, now: unixSeconds(clock) };
  }

  #context(actor: Actor): ChangeContext {
    return { actor, at: unixSeconds(this.#parts.clock) };
  }

  async #stored(id: string): Promise<StoredKey> {
    const key = await this.#parts.store.get(id);
    if (key === null) throw new Refusal('not_found');
    return key;
  }

  #record(key: StoredKey): KeyRecord {
    return keyRecord(key, this.#parts.lastUse);
  }
}

/** Plans again while others change the same keys in between. */
async function replanned<T>(plan: () => Promise<T | typeof STALE>): Promise<T> {
  for (let round = 0; round < MOST_PLANS; round++) {
    const result = await plan();
    if (result !== STALE) return result;
  }
  throw new Refusal('conflict', { message: 'The key is being changed by others at this moment. Try again.' });
}

function nameOf(checked: Partial<KeySettings>): string {
  if (checked.name === undefined) throw invalid('name', 'A key needs a name, for example "my laptop".');
  return checked.name;
}

function settingsOf(key: StoredKey): KeySettings {
  const { name, labels, expiresAt, owner, scopes, models, allowIps, limits, attributes } = key;
  return { name, labels, expiresAt, owner, scopes, models, allowIps, limits, attributes };
}

async function storedTarget(target: RevokeTarget, { slowDigest }: KeyLifeParts): Promise<StoredTarget> {
  if ('secret' in target) return { digest: await digestOfSecret(target.secret, slowDigest) };
  if (!('ids' in target)) return target;
  if (target.ids.length === 0 || target.ids.length > MOST_REVOKED_IDS) {
    throw invalid('ids', `Name 1 to ${MOST_REVOKED_IDS} keys.`);
  }
  return target;
}
