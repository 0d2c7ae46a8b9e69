import type { AuditEntry, AuditVerdict } from '../admin/ports.js';
import type { AuditAct, ChainHead } from '../audit/chain.js';
import type { PackedKeys } from '../keys/directory.js';
import type { BlockedCaller } from '../keys/key.js';
import type { KeyStore } from '../keys/key-store.js';
import type {
  ChangeContext,
  KeyPosition,
  StoredFilter,
  StoredKey,
  StoredOwner,
  StoredTarget,
} from '../keys/stored-key.js';
import type { AuditQuery } from './audit-rows.js';
import type { KeyStoreFiles } from './key-store-files.js';

type Change<
  Name extends
    | 'insert'
    | 'update'
    | 'rotate'
    | 'setDisabled'
    | 'revoke'
    | 'setOwner'
    | 'setCallerBlocked'
    | 'importKeys',
> = (args: { request: Parameters<KeyStore[Name]>[0]; context: ChangeContext }) => ReturnType<KeyStore[Name]>;

/** What the store's thread answers. */
export interface KeyStoreApi {
  /** Once, first: everything memory needs. Events tell what changes later. */
  load(args: null): LoadedStore;
  get(id: string): StoredKey | null;
  list(args: { filter: StoredFilter; page: { after: KeyPosition | null; limit: number } }): StoredKey[];
  revocable(target: StoredTarget): StoredKey[];
  owners(args: null): StoredOwner[];
  insert: Change<'insert'>;
  update: Change<'update'>;
  rotate: Change<'rotate'>;
  setDisabled: Change<'setDisabled'>;
  revoke: Change<'revoke'>;
  importKeys: Change<'importKeys'>;
  setOwner: Change<'setOwner'>;
  setCallerBlocked: Change<'setCallerBlocked'>;
  blockedCallers(args: null): BlockedCaller[];
  auditList(query: AuditQuery): AuditEntry[];
  auditVerify(outside: ChainHead | null): AuditVerdict;
  auditRecord(act: AuditAct): void;
  /** Writes what is owed, so that a copy made next is complete. */
  settle(args: null): void;
}

export interface LoadedStore {
  packed: PackedKeys;
  installationId: string;
  /** For slow hashes of weak imported secrets. */
  salt: Uint8Array;
}

/** What a thread of the store is started for: the store itself, or one copy of it. */
export type KeyStoreTask = { task: 'store'; files: KeyStoreFiles } | { task: 'backup'; database: string };

export interface BackupApi {
  backup(args: { file: string }): { bytes: number; keys: number };
}
