import { existsSync } from 'node:fs';
import { keyStoreFiles } from '../../storage/key-store-files.js';
import { SCHEMA_VERSION } from '../../storage/migrations/index.js';
import { openSqlite } from '../../storage/sqlite/driver.js';
import { Failure } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';
import { printFacts } from '../table.js';

/** Reads the version where it is written, without opening the store as its writer would: that would change it. */
export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const { dataDir } = await findLocal(invocation);
  const store = versionOf(keyStoreFiles(dataDir).database);
  const body = { store_version: store, program_version: SCHEMA_VERSION, up_to_date: store === SCHEMA_VERSION };
  if (globals.json) io.out(`${JSON.stringify(body)}\n`);
  else {
    printFacts(io, [
      ['store version', String(store)],
      ['this program writes', String(SCHEMA_VERSION)],
      ['state', sentence(store)],
    ]);
  }
  return 0;
};

function versionOf(path: string): number {
  if (!existsSync(path)) throw new Failure(`There is no store ${path}. \`keyporter serve\` makes one, or name another place with --data-dir.`);
  const database = openSqlite(path, { file: 'existing', readOnly: true });
  try {
    const version = database.prepare('SELECT schema_version FROM meta WHERE id = 1').get()?.['schema_version'];
    if (typeof version === 'number') return version;
  } catch (cause) {
    throw new Failure(`${path} is no Keyporter store, or is damaged. Name another data directory, or restore a backup.`, { cause });
  } finally {
    database.close();
  }
  throw new Failure(`${path} is no Keyporter store. Name another data directory.`);
}

function sentence(store: number): string {
  if (store === SCHEMA_VERSION) return 'up to date';
  return store < SCHEMA_VERSION ? 'older: it is brought up to date when a gateway or command opens it' : 'newer than this program';
}
