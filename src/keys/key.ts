import type { LimitSettings } from '../core/limits.js';
import type { Maybe } from '../core/maybe.js';
import type { Secret } from '../core/secret.js';

/** What a key may do. Everything here is inherited as an upper bound by the keys derived from it. */
export interface KeyPolicy {
  owner: string | null;
  scopes: readonly string[];
  /** Model patterns. Empty = every model that is not `restricted`. */
  models: readonly string[];
  /** CIDRs the socket peer must be in. Empty = any address. */
  allowIps: readonly string[];
  limits: LimitSettings;
  /** For delegated authentication: `roles`, `teams`, ... each a list. */
  attributes: Readonly<Record<string, readonly string[]>>;
}

export type KeyState = 'active' | 'disabled' | 'revoked';

/** A key as the administrator sees it. Times are Unix seconds; `expiresAt` is exclusive. Never holds a secret or a digest. */
export interface KeyRecord extends KeyPolicy {
  id: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  state: KeyState;
  /** `kp_<id>`, or the first characters of an imported secret's id: safe to show. */
  prefix: string;
  imported: boolean;
  parentId: string | null;
  createdAt: number;
  createdBy: string;
  updatedAt: number;
  expiresAt: number | null;
  disabledAt: number | null;
  revokedAt: number | null;
  revokeReason: string | null;
  rotatedAt: number | null;
  /** The secret before the last rotation, while it still works or its use is still of interest. */
  previous: { expiresAt: number; lastUsedAt: number | null } | null;
  lastUsedAt: number | null;
}

/** What is asked for when a key is made. Absent members take the configured defaults. */
export interface NewKey extends Partial<KeyPolicy> {
  name: string;
  labels?: Readonly<Record<string, string>>;
  expiresAt?: number | null;
}

/** A key of another system, whose holder keeps his secret. */
export interface ImportedKey {
  name: string;
  owner: string | null;
  /** Empty only when `disabled`. */
  scopes: readonly string[];
  models: readonly string[];
  /** Absent = none. */
  limits?: LimitSettings;
  labels: Readonly<Record<string, string>>;
  /** Unix seconds; null = now. */
  createdAt: number | null;
  /** Unix seconds, exclusive; may lie in the past. */
  expiresAt: number | null;
  disabled: boolean;
  /** The secret itself, or its SHA-256 where the other system kept no more. */
  secret: { text: Secret } | { sha256: Uint8Array };
}

/** The key that has the secret now, and whether it had it before the import. */
export interface ImportOutcome {
  id: string;
  known: boolean;
}

export type KeyChange = Partial<KeyPolicy> & {
  name?: string;
  labels?: Readonly<Record<string, string>>;
  expiresAt?: number | null;
};

/** Who makes a change, for the audit trail. `id` is a key id, `local:<user>` for the machine's own operator, or a caller id. */
export interface Actor {
  id: string;
  /** Socket address the change came from; `null` over the unix socket or offline. */
  address: string | null;
  requestId: string | null;
}

export interface KeyFilter {
  owner?: string;
  label?: { name: string; value: string };
  /** Not used for this many seconds (or never). */
  unusedForSeconds?: number;
  /** Expiring within this many seconds. */
  expiringSeconds?: number;
  state?: KeyState;
  parentId?: string;
  /** Text contained in name, owner or id. */
  search?: string;
}

export interface Page<T> {
  data: T[];
  /** Cursor to send as `after`, or null at the end. */
  next: string | null;
}

export interface PageRequest {
  /** 1 to 1000. */
  limit: number;
  after?: string;
}

export type RevokeTarget =
  | { ids: readonly string[] }
  | { owner: string }
  | { label: { name: string; value: string } }
  | { secret: Secret };

/** What a revocation found and changed; the streams it ended are added by whoever holds the in-flight registry. */
export interface RevokeResult {
  /** Ids revoked now, children included. */
  revoked: string[];
  /** Those of `revoked` that were derived from another one in the list. */
  children: string[];
  /** Last use of any of them, Unix seconds. */
  lastUsedAt: number | null;
}

/** One state of the owner record. An owner exists as soon as a key names it or limits are set for it. */
export interface OwnerRecord {
  name: string;
  disabled: boolean;
  /** For all its keys together. What is left out is left to `owners.<name>` of the configuration. */
  limits: LimitSettings;
  keys: number;
  lastUsedAt: number | null;
}

export interface OwnerChange {
  disabled?: boolean;
  limits?: LimitSettings;
}

/** A caller without a key of ours that was blocked. */
export interface BlockedCaller {
  /** `<provider>:<principal>`. */
  id: string;
  /** Unix seconds. */
  blockedAt: number;
  blockedBy: string;
}

/** Who was blocked of those without a key of ours. A change resolves when it is durable and memory knows it. */
export interface CallerBlocks {
  list(): Promise<BlockedCaller[]>;
  /** Blocks a caller, whether it was ever seen or not, or lets it in again. */
  set(id: string, blocked: boolean, actor: Actor): Promise<void>;
}

/**
 * The life of keys, behind which stands the store. Every promise resolves only when the change and
 * its audit row are durable and the memory of this node knows it; it rejects with a `Refusal`
 * (`not_found`, `conflict`, `invalid_value`, `store_unavailable`) and then nothing has changed.
 */
export interface KeyLife {
  create(key: NewKey, actor: Actor): Promise<{ record: KeyRecord; secret: Secret }>;
  /** A child of `parentId`: at most its rights, dies with it. */
  derive(parentId: string, key: NewKey, actor: Actor): Promise<{ record: KeyRecord; secret: Secret }>;
  get(id: string): Promise<KeyRecord | null>;
  list(filter: KeyFilter, page: PageRequest): Promise<Page<KeyRecord>>;
  update(id: string, change: KeyChange, actor: Actor): Promise<KeyRecord>;
  /** A new secret under the same id. The old one works `overlapSeconds` longer (0 to 604800). */
  rotate(id: string, overlapSeconds: number, actor: Actor): Promise<{ record: KeyRecord; secret: Secret }>;
  setDisabled(id: string, disabled: boolean, actor: Actor): Promise<KeyRecord>;
  /** What a revocation would hit, without doing it. */
  findRevocable(target: RevokeTarget): Promise<KeyRecord[]>;
  revoke(target: RevokeTarget, reason: string | null, actor: Actor): Promise<RevokeResult>;
  owners(): Promise<OwnerRecord[]>;
  /** Switching asks for at least one key of the owner; limits may be set before it has any, and replace those before. */
  setOwner(name: string, change: OwnerChange, actor: Actor): Promise<OwnerRecord>;
  /** Takes over keys of another system in one transaction; the outcomes are in the order of the keys. */
  importKeys(keys: readonly ImportedKey[], actor: Actor): Promise<ImportOutcome[]>;
  /** Makes the first key once in the life of the store (a stored marker, not an empty table); null ever after. */
  createFirstKey(actor: Actor): Promise<{ record: KeyRecord; secret: Secret } | null>;
}

/** A key as memory knows it: what identifying and deciding need, nothing else. */
export interface KnownKey {
  id: string;
  policy: KeyPolicy;
  state: KeyState;
  /** Exclusive, Unix seconds, the earliest of the key's and its ancestors'. */
  expiresAt: number | null;
  /** False when an ancestor is disabled, revoked or expired. */
  ancestorsAlive: boolean;
  ownerDisabled: boolean;
  /** Ids of the ancestors, nearest first. */
  lineage: readonly string[];
  /** Which of the two secrets was shown. */
  secretSlot: 'current' | 'previous';
  /** When the shown secret ends by itself (only for `previous`), Unix seconds, exclusive. */
  secretExpiresAt: number | null;
}

/** All keys, in memory. Answers at once; only weak imported secrets need a slow hash and a promise. */
export interface KeyDirectory {
  /**
   * Finds whose secret this is. `null` when it is nobody's: unknown id, wrong secret, malformed.
   * Comparison takes the same time whatever differs. State and expiry are for the caller to judge.
   */
  identify(secret: string): Maybe<KnownKey | null>;
  /** The present state of a key by id, as if its current secret had been shown. */
  byId(id: string): KnownKey | null;
  /**
   * True for text that is or resembles one of our keys, mistyped ones included, and for the secret of any record in
   * any state: such a credential is shown to nobody else.
   */
  recognizes(secret: string): Maybe<boolean>;
  /** True when all that belongs to this owner is switched off. */
  isOwnerDisabled(owner: string): boolean;
  /** Limits that were set for all keys of this owner together; null when there are none. */
  ownerLimits(owner: string): LimitSettings | null;
  /** True when this caller, who has no key of ours, was blocked. */
  isCallerBlocked(callerId: string): boolean;
  /** Number of keys held. */
  readonly size: number;
  /** The same for one owner or, with null, for all; `active` may be used now. Looks at every key. */
  count(owner: string | null): { active: number; total: number };
  /** Revision of the store that this memory corresponds to. */
  readonly revision: number;
}
