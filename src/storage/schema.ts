import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';

/** One row, `id` 1. */
export interface MetaTable {
  id: number;
  schema_version: number;
  /** The oldest schema a program must know to use this store. */
  min_reader_version: number;
  /** Counts every change of a key or an owner. */
  revision: number;
  installation_id: string;
  /** For slow hashes of weak imported secrets. */
  salt: Uint8Array;
  created_at: number;
  /** When the first key of this installation was made; null = not yet. */
  first_key_at: number | null;
  audit_sequence: number;
  audit_head: string;
}

/** Times are Unix seconds; lists and objects are JSON. */
export interface KeyTable {
  id: string;
  name: string;
  owner: string | null;
  scopes: string;
  models: string;
  allow_ips: string;
  limits: string;
  attributes: string;
  labels: string;
  state: string;
  imported: number;
  parent_id: string | null;
  created_at: number;
  created_by: string;
  updated_at: number;
  expires_at: number | null;
  disabled_at: number | null;
  revoked_at: number | null;
  revoke_reason: string | null;
  rotated_at: number | null;
  revision: number;
}

export interface SecretTable {
  key_id: string;
  /** `current` or `previous`. */
  slot: string;
  digest: Uint8Array;
  /** `sha256` or `scrypt`. */
  verifier: string;
  created_at: number;
  /** For `previous` only. */
  expires_at: number | null;
}

export interface OwnerTable {
  name: string;
  disabled: number;
  /** Limits of all its keys together, as JSON. */
  limits: string;
  updated_at: number;
  revision: number;
}

/** Callers without a key of ours that were blocked. */
export interface BlockedCallerTable {
  id: string;
  blocked_at: number;
  blocked_by: string;
}

/** The ordered list of changes that feeds memory. */
export interface ChangeTable {
  revision: number;
  /** `key`, `owner` or `caller`. */
  kind: string;
  id: string;
}

export interface AuditTable {
  sequence: number;
  at: number;
  actor: string;
  address: string | null;
  request_id: string | null;
  action: string;
  target: string;
  result: string;
  details: string;
  hash: string;
}

export interface StoreSchema {
  meta: MetaTable;
  keys: KeyTable;
  secrets: SecretTable;
  owners: OwnerTable;
  blocked_callers: BlockedCallerTable;
  changes: ChangeTable;
  audit: AuditTable;
}

/** Writes SQL for SQLite and runs nothing: statements run one after the other in the store's own thread. */
export const sqliteQueries = new Kysely<StoreSchema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
