import { existsSync } from 'node:fs';
import { Refusal } from '../core/errors.js';
import { LEDGER_TABLES } from './ledger-schema.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { sqliteFault } from './sqlite/faults.js';

/** Longer than any healthy transaction of ours; a longer lock is somebody else's, and the rows wait in memory. */
const BUSY_TIMEOUT_MS = 250;
const WAL_BYTES = 16 * 1024 * 1024;

interface Migration {
  /** The oldest version a program must know to use the store after this step. */
  minReaderVersion: number;
  sql: string;
}

/**
 * Steps in their order, never changed once released. `position` of a request is its start in
 * milliseconds times 1000 and a running number: the table itself is in the order it is listed in, and
 * every index comes with that order.
 */
const MIGRATIONS: readonly Migration[] = [
  {
    minReaderVersion: 1,
    sql: `
      CREATE TABLE requests (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL, started_at_ms INTEGER NOT NULL, method TEXT, path TEXT, status INTEGER NOT NULL,
        code TEXT, reason TEXT, key_id TEXT, previous_secret INTEGER, owner TEXT, address TEXT, model TEXT,
        replica TEXT, streamed INTEGER, first_byte_ms REAL, duration_ms REAL, bytes_in INTEGER,
        bytes_out INTEGER, attempts INTEGER, correlation_id TEXT, user_agent TEXT
      );
      CREATE INDEX requests_by_key ON requests (key_id) WHERE key_id IS NOT NULL;
      CREATE INDEX requests_by_owner ON requests (owner) WHERE owner IS NOT NULL;
      CREATE INDEX requests_by_model ON requests (model) WHERE model IS NOT NULL;
      CREATE INDEX requests_by_failure ON requests (status / 100) WHERE status >= 400;
      CREATE TABLE refusals (
        minute INTEGER NOT NULL, code TEXT NOT NULL, refused INTEGER NOT NULL, logged INTEGER NOT NULL,
        PRIMARY KEY (minute, code)
      ) WITHOUT ROWID;
      CREATE TABLE recent_use (
        key_id TEXT NOT NULL, address TEXT NOT NULL, model TEXT NOT NULL, last_ms INTEGER NOT NULL,
        PRIMARY KEY (key_id, address, model)
      ) WITHOUT ROWID;
      CREATE INDEX recent_use_by_time ON recent_use (last_ms);
      CREATE TABLE last_use (
        key_id TEXT PRIMARY KEY, current_at INTEGER NOT NULL, previous_at INTEGER NOT NULL
      ) WITHOUT ROWID;`,
  },
  // A program of version 1 writes no ledger and harms none.
  { minReaderVersion: 1, sql: LEDGER_TABLES },
];

/**
 * Opens the usage store and brings it to the present version. Throws a `Refusal` for a file that cannot
 * be used, which is left as it is, and SQLite's own error for what may pass, such as a full disk.
 */
export function openUsageDatabase(path: string): SqliteDatabase {
  const isNew = !existsSync(path);
  const database = openFile(path);
  try {
    database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`);
    if (isNew) database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw sqliteFault(error) === 'corrupt' ? unusable(path, error) : error;
  }
}

/** True for what may pass without anybody touching the file: a full or failing disk, a lock. */
export function mayPass(error: unknown): boolean {
  const fault = sqliteFault(error) ?? sqliteFault((error as { cause?: unknown } | null)?.cause);
  if (fault !== null) return fault === 'full' || fault === 'busy' || fault === 'io';
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO';
}

function openFile(path: string): SqliteDatabase {
  try {
    return openSqlite(path, { file: 'either', busyTimeoutMs: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw mayPass(error) ? error : unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): Refusal {
  return new Refusal('store_unavailable', {
    message: `${path} cannot be used as the request log and ledger: it is damaged, no database, or not yours to write. It was left as it is. Repair its rights, or move it aside: keys are not in it, and the next start begins a new one.`,
    reason: cause instanceof Refusal ? cause.reason : String(cause),
    cause,
  });
}

function migrate(database: SqliteDatabase): void {
  database.transaction(() => {
    database.exec(
      'CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, min_reader_version INTEGER NOT NULL)',
    );
    const meta = database.prepare('SELECT schema_version, min_reader_version FROM meta').get();
    const version = Number(meta?.['schema_version'] ?? 0);
    refuseNewer(database.path, Number(meta?.['min_reader_version'] ?? 0));
    MIGRATIONS.slice(version).forEach((migration, at) => {
      database.exec(migration.sql);
      database
        .prepare(
          'INSERT INTO meta VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET schema_version = excluded.schema_version, min_reader_version = excluded.min_reader_version',
        )
        .run(version + at + 1, migration.minReaderVersion);
    });
  });
}

function refuseNewer(path: string, minReaderVersion: number): void {
  if (minReaderVersion <= MIGRATIONS.length) return;
  throw new Refusal('store_unavailable', {
    message: `${path} was written by a newer Keyporter. Start that version, or move the file aside: keys are not in it, and the next start begins a new request log and ledger.`,
    reason: `usage schema needs version ${minReaderVersion}, this program knows ${MIGRATIONS.length}`,
  });
}
