import { randomBytes, randomUUID } from 'node:crypto';
import { EMPTY_CHAIN } from '../audit/chain.js';
import { Refusal } from '../core/errors.js';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations/index.js';
import { sqliteQueries as db } from './schema.js';
import type { SqliteDatabase } from './sqlite/driver.js';
import { createExecutor } from './sqlite/executor.js';

const SALT_BYTES = 32;

/** Makes all tables in an empty database, in one transaction. */
export function createSchema(database: SqliteDatabase, now: number): void {
  database.transaction(() => {
    const executor = createExecutor(database);
    for (const migration of MIGRATIONS) for (const statement of migration.up(db)) executor.run(statement);
    const identity = { installation_id: randomUUID(), salt: randomBytes(SALT_BYTES), created_at: now };
    const empty = {
      revision: 0,
      first_key_at: null,
      audit_sequence: EMPTY_CHAIN.sequence,
      audit_head: EMPTY_CHAIN.hash,
    };
    executor.run(db.insertInto('meta').values({ id: 1, ...versions(), ...identity, ...empty }));
  });
}

/** Brings an older store to the schema of this program, in one transaction. A store of a later schema is left as it is. */
export function migrate(database: SqliteDatabase): void {
  const present = storeVersion(database).schema;
  if (present >= SCHEMA_VERSION) return;
  database.transaction(() => {
    const executor = createExecutor(database);
    for (const migration of MIGRATIONS.slice(present))
      for (const statement of migration.up(db)) executor.run(statement);
    executor.run(db.updateTable('meta').set(versions()));
  });
}

/** Throws a `Refusal` when the database is no key store, or one that only a newer program may use. */
export function requireReadable(database: SqliteDatabase): void {
  const { minReader } = storeVersion(database);
  if (minReader <= SCHEMA_VERSION) return;
  throw new Refusal('store_unavailable', {
    message: `${database.path} was made by a newer Keyporter (it needs store version ${minReader}, this program knows up to ${SCHEMA_VERSION}). It was left as it is: start the newer program, or restore an older backup.`,
  });
}

function storeVersion(database: SqliteDatabase): { schema: number; minReader: number } {
  const hasMeta =
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get() !== undefined;
  const meta = hasMeta
    ? database.prepare('SELECT schema_version, min_reader_version FROM meta WHERE id = 1').get()
    : undefined;
  const schema = meta?.['schema_version'];
  const minReader = meta?.['min_reader_version'];
  if (typeof schema === 'number' && typeof minReader === 'number') return { schema, minReader };
  throw new Refusal('store_unavailable', {
    message: `${database.path} is a SQLite database but no Keyporter store. It was left as it is: put it aside, or name another data directory.`,
  });
}

function versions(): { schema_version: number; min_reader_version: number } {
  return {
    schema_version: SCHEMA_VERSION,
    min_reader_version: Math.max(...MIGRATIONS.map((migration) => migration.minReaderVersion)),
  };
}
