import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../core/errors.js';
import { syncDirectory } from './revoked-log.js';
import { openSqlite } from './sqlite/driver.js';
import { storeRefusal } from './sqlite/faults.js';

/**
 * Copies the database as it is at one moment to a new file of mode 0600, while others go on writing.
 * Throws a `Refusal`: `conflict` when the file exists already, `store_unavailable` when it cannot be written.
 */
export function copyKeyDatabase(path: string, file: string): { bytes: number; keys: number } {
  makeEmpty(file);
  try {
    const database = openSqlite(path, { file: 'existing', readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(file);
    } finally {
      database.close();
    }
    sync(file);
    return { bytes: statSync(file).size, keys: countKeys(file) };
  } catch (error) {
    rmSync(file, { force: true });
    throw storeRefusal(error, file);
  }
}

function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new Refusal('conflict', { message: `${file} exists already and is not overwritten. Name another file.` });
    }
    const message = `The backup cannot be written to ${file}. Name a file in a directory that exists and that the user that runs Keyporter may write.`;
    throw new Refusal('invalid_value', { message, reason: String(cause), param: 'file', cause });
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(file));
}

function countKeys(file: string): number {
  const database = openSqlite(file, { file: 'existing', readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS keys FROM keys').get()?.['keys']);
  } finally {
    database.close();
  }
}
