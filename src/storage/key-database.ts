import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../core/errors.js';
import type { KeyStoreFiles } from './key-store-files.js';
import { createSchema, migrate, requireReadable } from './migrate.js';
import { syncDirectory } from './revoked-log.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { storeRefusal } from './sqlite/faults.js';

/** How long a statement blocks the store's thread for a lock; longer waits are done between statements. */
const LOCK_WAIT_MS = 20;

/**
 * Opens the key database; makes it when the directory never held one. Anything else that is wrong is
 * refused with what to do, and the files stay byte for byte as they are.
 */
export function openKeyDatabase(files: KeyStoreFiles, now: number): SqliteDatabase {
  const path = files.database;
  if (!existsSync(path)) createKeyDatabase(files, now);
  inspect(path);
  const database = openSqlite(path, { file: 'existing' });
  try {
    migrate(database);
    database.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
    return database;
  } catch (error) {
    database.close();
    throw storeRefusal(error, path);
  }
}

const LEAST_SALT_BYTES = 16;

/** Looks at the file without the right to change it. */
export function inspect(path: string): void {
  const database = openSqlite(path, { file: 'existing', readOnly: true });
  try {
    requireReadable(database);
    for (const table of ['keys', 'secrets', 'owners', 'meta']) requireWhole(database, table);
    requireMeta(database);
  } catch (error) {
    const refusal = storeRefusal(error, path);
    // Here only our own tables are read: what SQLite does not find belongs to them.
    throw refusal instanceof Refusal ? refusal : damaged(path, String(error));
  } finally {
    database.close();
  }
}

/** A damaged page of these tables could deny or allow the wrong keys. The audit chain has its own check. */
function requireWhole(database: SqliteDatabase, table: string): void {
  const finding = database.prepare(`PRAGMA quick_check(${table})`).get()?.['quick_check'];
  if (finding !== 'ok') throw damaged(database.path, `quick_check of ${table}: ${String(finding)}`);
}

/** Without these numbers no change could be counted and no audit row added. */
function requireMeta(database: SqliteDatabase): void {
  const meta = database.prepare('SELECT revision, audit_sequence, audit_head, salt FROM meta WHERE id = 1').get();
  const { revision, audit_sequence: sequence, audit_head: head, salt } = meta ?? {};
  const counts = Number.isSafeInteger(revision) && Number.isSafeInteger(sequence);
  const hasSalt = salt instanceof Uint8Array && salt.byteLength >= LEAST_SALT_BYTES;
  if (!counts || !hasSalt || typeof head !== 'string') throw damaged(database.path, 'the meta row is not readable');
}

function damaged(path: string, reason: string): Refusal {
  return new Refusal('store_unavailable', {
    message: `The database ${path} is damaged. It was left as it is: put it aside and run "keyporter restore" with a backup.`,
    reason,
  });
}

/** The database gets its name only when it is complete, so that an empty file under this name always means a loss. */
function createKeyDatabase(files: KeyStoreFiles, now: number): void {
  refuseLostStore(files);
  const unfinished = `${files.database}.new`;
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(unfinished + end, { force: true });
  const database = openSqlite(unfinished, { file: 'new', journal: 'plain' });
  try {
    createSchema(database, now);
  } catch (error) {
    throw storeRefusal(error, files.database);
  } finally {
    database.close();
  }
  renameSync(unfinished, files.database);
  syncDirectory(dirname(files.database));
}

function refuseLostStore(files: KeyStoreFiles): void {
  const trace = [`${files.database}-wal`, files.revoked].find((file) => existsSync(file));
  if (trace === undefined) return;
  throw new Refusal('store_unavailable', {
    message: `The key store ${files.database} is missing, but ${trace} shows that there was one. Run "keyporter restore" with a backup, or name an empty data directory.`,
  });
}
