import type { AddressRanges } from './address.js';
import type { Cancel } from './clock.js';
import type { StreamEnd } from './errors.js';

/** What one key allows. */
export interface Bounds {
  scopes: readonly string[];
  /** Model patterns; empty = every model that is not restricted. */
  models: readonly string[];
  addresses: AddressRanges;
}

/** Who asks, as far as deciding needs to know. */
export interface Caller {
  /** Key id, `local:<address>` or `<provider>:<principal>`. */
  id: string;
  /** `delegate`: somebody else vouches for it. */
  kind: 'key' | 'local' | 'delegate';
  owner: string | null;
  state: 'active' | 'disabled' | 'revoked';
  ancestorsAlive: boolean;
  ownerDisabled: boolean;
  /** Exclusive, Unix seconds; null = never. Covers ancestors and a secret that is being rotated out. */
  expiresAt: number | null;
  /** Of the key and of each key it was derived from: every one must allow. */
  bounds: readonly Bounds[];
  /** Ids of the keys it was derived from, nearest first. */
  lineage: readonly string[];
  secretSlot: 'current' | 'previous';
  /** What is known of it beyond its name: `roles`, `teams` and the like, each a list. */
  attributes: Readonly<Record<string, readonly string[]>>;
  /** Asks again and again whoever vouches for it, while something of it runs, and calls back when the answer is no. */
  watch?: (ended: (code: StreamEnd, reason: string) => void) => Cancel;
}
