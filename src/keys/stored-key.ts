import type { LimitSettings } from '../core/limits.js';
import type { Actor, KeyPolicy, KeyState } from './key.js';

/** A key as the store holds it, without its digests: those never leave the store and the memory. */
export interface StoredKey extends KeyPolicy {
  id: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  state: KeyState;
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
  /** When the secret before the last rotation ends or ended; null when there is none. */
  previousExpiresAt: number | null;
  /** Revision of the store at the last change of this key. */
  revision: number;
}

/** The members of a key that its holder's administrators choose. */
export type KeySettings = Pick<StoredKey, 'name' | 'labels' | 'expiresAt' | keyof KeyPolicy>;

/** Who changes something, and when (Unix seconds). */
export interface ChangeContext {
  actor: Actor;
  at: number;
}

/** SHA-256 of a whole secret and the id it belongs to. */
export interface FreshKey extends KeySettings {
  id: string;
  parentId: string | null;
  digest: Uint8Array;
}

/** Which keys to end; a secret is named by its digest. */
export type StoredTarget =
  | { ids: readonly string[] }
  | { owner: string }
  | { label: { name: string; value: string } }
  | { digest: Uint8Array };

/** What `list` can narrow down inside the store. */
export interface StoredFilter {
  owner?: string;
  label?: { name: string; value: string };
  state?: KeyState;
  parentId?: string;
  search?: string;
  /** Expiring from `from` (inclusive) to `to` (exclusive), Unix seconds. */
  expiring?: { from: number; to: number };
}

/** The place of a key in the order of `list`: by creation, then by id. */
export interface KeyPosition {
  createdAt: number;
  id: string;
}

export interface StoredOwner {
  name: string;
  disabled: boolean;
  limits: LimitSettings;
  keyIds: readonly string[];
}
