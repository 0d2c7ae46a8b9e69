import type { BlockedCaller, ImportOutcome, OwnerChange } from './key.js';
import type {
  ChangeContext,
  FreshKey,
  KeyPosition,
  KeySettings,
  StoredFilter,
  StoredKey,
  StoredOwner,
  StoredTarget,
} from './stored-key.js';

/** The store answered that the change was planned over a state that has passed: look again and plan anew. */
export const STALE = 'stale';

export interface InsertKey {
  key: FreshKey;
  /** Revision of the parent at which its rights were compared; null without a parent. */
  parentRevision: number | null;
  /** Insert only if this store never made its first key, and remember that it did. */
  onlyAsFirst: boolean;
}

export interface ImportKey extends KeySettings {
  id: string;
  digest: Uint8Array;
  verifier: 'sha256' | 'scrypt';
  disabled: boolean;
  /** Unix seconds; null = now. */
  createdAt: number | null;
}

export interface UpdateKey {
  id: string;
  settings: KeySettings;
  /** Revision of the key over which `settings` were planned. */
  revision: number;
  parentRevision: number | null;
}

export interface RotateKey {
  id: string;
  digest: Uint8Array;
  /** When the present secret ends, Unix seconds; null = at once. */
  previousExpiresAt: number | null;
}

export interface RevokeKeys {
  target: StoredTarget;
  reason: string | null;
}

/** Ids that were ended now, and which of them only because a key above them was. */
export interface RevokedKeys {
  revoked: string[];
  children: string[];
}

/**
 * Where keys live. A change resolves when it, its row in the list of changes and its audit row are
 * durable together and the memory of this node knows it. It rejects with a `Refusal`; then nothing
 * has changed. Changes of one store happen one after the other.
 */
export interface KeyStore {
  get(id: string): Promise<StoredKey | null>;
  /** Oldest first, after a position. */
  list(filter: StoredFilter, page: { after: KeyPosition | null; limit: number }): Promise<StoredKey[]>;
  /** Keys a revocation would end, descendants included. Rejects with `not_found` when an id or digest is nobody's. */
  revocable(target: StoredTarget): Promise<StoredKey[]>;
  owners(): Promise<StoredOwner[]>;
  /** Null when `onlyAsFirst` and there was a first key already. */
  insert(request: InsertKey, context: ChangeContext): Promise<StoredKey | typeof STALE | null>;
  update(request: UpdateKey, context: ChangeContext): Promise<StoredKey | typeof STALE>;
  rotate(request: RotateKey, context: ChangeContext): Promise<StoredKey>;
  setDisabled(request: { id: string; disabled: boolean }, context: ChangeContext): Promise<StoredKey>;
  /** Final. Also holds when the database cannot be written, as long as the list of revocations can. */
  revoke(request: RevokeKeys, context: ChangeContext): Promise<RevokedKeys>;
  /** All or none. A secret that is there already is left to the key that has it. */
  importKeys(keys: readonly ImportKey[], context: ChangeContext): Promise<ImportOutcome[]>;
  blockedCallers(): Promise<BlockedCaller[]>;
  setCallerBlocked(request: { id: string; blocked: boolean }, context: ChangeContext): Promise<void>;
  setOwner(request: OwnerChange & { name: string }, context: ChangeContext): Promise<StoredOwner>;
}
