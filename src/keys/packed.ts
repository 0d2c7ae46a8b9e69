import type { KeyPolicy, KeyState } from './key.js';

/** One key as the store hands it to memory, at start in one batch and later one by one. */
export interface PackRow {
  id: string;
  policy: KeyPolicy;
  state: KeyState;
  /** Unix seconds, exclusive; null = never. Of this key alone. */
  expiresAt: number | null;
  parentId: string | null;
  /** SHA-256 of the whole secret (underscore form), 32 bytes; for weak imported secrets the scrypt result. */
  digest: Uint8Array;
  verifier: 'sha256' | 'scrypt';
  /** True when the secret is not in Keyporter's own form and is found by digest instead of by id. */
  imported: boolean;
  previousDigest: Uint8Array | null;
  previousExpiresAt: number | null;
}
