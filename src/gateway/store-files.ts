import { existsSync } from 'node:fs';
import { Refusal } from '../core/errors.js';
import { keyStoreFiles } from '../storage/key-store-files.js';
import { SCHEMA_VERSION } from '../storage/migrations/index.js';
import { openSqlite, type SqliteDatabase } from '../storage/sqlite/driver.js';

/** What the command line does with the files of a store while no gateway runs. */
export { restore, type RestoreResult } from '../storage/restore.js';

/** The form of the key store in a data directory, and the one this program writes. Only reads: opening it as its writer would bring it up to date. */
export function storeVersions(dataDir: string): { store: number; program: number } {
  const path = keyStoreFiles(dataDir).database;
  if (!existsSync(path)) {
    throw new Refusal('not_found', {
      message: `There is no store ${path}. "keyporter serve" makes one, or name another place with --data-dir.`,
    });
  }
  const database = openSqlite(path, { file: 'existing', readOnly: true });
  try {
    return { store: schemaVersion(database), program: SCHEMA_VERSION };
  } catch (cause) {
    throw new Refusal('store_unavailable', {
      message: `${path} is no Keyporter store, or is damaged. Name another data directory, or restore a backup.`,
      cause,
    });
  } finally {
    database.close();
  }
}

function schemaVersion(database: SqliteDatabase): number {
  const version = database.prepare('SELECT schema_version FROM meta WHERE id = 1').get()?.['schema_version'];
  if (typeof version === 'number') return version;
  throw new TypeError('the store has no version');
}
