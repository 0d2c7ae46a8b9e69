import type { OwnerState } from '../keys/directory.js';
import type { PackRow } from '../keys/packed.js';

/** What the store's thread tells memory, in the order of the changes. */
export type MemoryEvent =
  | { kind: 'key'; revision: number; row: PackRow }
  /** The key cannot be read any more; memory forgets it. */
  | { kind: 'forget'; id: string }
  | { kind: 'owner'; revision: number; owner: OwnerState }
  /** A caller without a key of ours was blocked or let in again. */
  | { kind: 'caller'; revision: number; id: string; blocked: boolean }
  /** Something the operator should know. */
  | { kind: 'warning'; sentence: string; data: Record<string, unknown> };
