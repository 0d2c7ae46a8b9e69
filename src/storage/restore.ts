import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Actor } from '../keys/key.js';
import { copyKeyDatabase } from './backup.js';
import { openDataDirectory } from './data-directory.js';
import { inspect } from './key-database.js';
import { keyStoreFiles } from './key-store-files.js';
import { lock } from './lock.js';
import { migrate } from './migrate.js';
import { carryOver, readPresent, type PresentStore } from './restore-rules.js';
import { openRevokedLog, syncDirectory } from './revoked-log.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { storeRefusal } from './sqlite/faults.js';

export interface RestoreResult {
  /** Keys in the restored store. */
  restored: number;
  /** Changed since the backup; they came back in their old form, disabled. */
  disabled: string[];
  /** Revoked since the backup; they stay revoked. */
  revoked: string[];
  /** Made since the backup; they are not in the restored store and no longer work. */
  missing: string[];
  /** The store before, kept aside; null when there was none. */
  keptAside: string | null;
  /** False when the store before could not be read, so that nothing is known about changes since the backup. */
  compared: boolean;
}

export interface RestoreOptions {
  /** A file made by `backup`. It is only read. */
  file: string;
  /** The data directory; made when missing. No gateway may run on it. */
  dir: string;
  clock: Clock;
  actor: Actor;
}

const SIDE_FILES = ['-wal', '-shm', '-journal'];

/**
 * Puts a backup in the place of the present key store, which is kept aside. Revoked keys stay revoked,
 * keys changed since the backup come back disabled. Rejects with a `Refusal` and leaves everything as it
 * was when a gateway runs, or when the backup is damaged or of a newer program.
 */
export async function restore({ file, dir, clock, actor }: RestoreOptions): Promise<RestoreResult> {
  const directory = await openDataDirectory(dir, { create: true });
  const held = await lock(directory.path);
  try {
    return replaceStore({ file, dir: directory.path, clock, actor });
  } finally {
    held.release();
  }
}

function replaceStore({ file, dir, clock, actor }: RestoreOptions): RestoreResult {
  const files = keyStoreFiles(dir);
  const candidate = `${files.database}.restoring`;
  const now = unixSeconds(clock);
  requireBackup(file);
  try {
    removeFiles(candidate);
    copyKeyDatabase(file, candidate);
    const present = existsSync(files.database) ? readPresent(files.database) : null;
    const keptAside = existsSync(files.database) ? asideName(files.database, clock) : null;
    const carried = prepare(candidate, { present, revokedLog: files.revoked, keptAside, now, actor });
    if (keptAside !== null) keepAside(files.database, keptAside);
    renameSync(candidate, files.database);
    syncDirectory(dirname(files.database));
    return { ...carried, keptAside, compared: present !== null || keptAside === null };
  } finally {
    removeFiles(candidate);
  }
}

function removeFiles(path: string): void {
  for (const end of ['', ...SIDE_FILES]) rmSync(path + end, { force: true });
}

interface Preparation {
  present: PresentStore | null;
  revokedLog: string;
  keptAside: string | null;
  now: number;
  actor: Actor;
}

/** Everything is done in the copy, so that the store is replaced by a complete one or not at all. */
function prepare(candidate: string, preparation: Preparation): Omit<RestoreResult, 'keptAside' | 'compared'> {
  const { present, revokedLog, keptAside, now, actor } = preparation;
  const revoked = existsSync(revokedLog) ? revokedIds(revokedLog) : [];
  const database = openSqlite(candidate, { file: 'existing', journal: 'plain' });
  try {
    migrate(database);
    return database.transaction(() =>
      carryOver(database, { present, revoked, keptAside, context: { at: now, actor } }),
    );
  } catch (error) {
    throw storeRefusal(error, candidate);
  } finally {
    database.close();
  }
}

function revokedIds(path: string): string[] {
  const list = openRevokedLog(path);
  try {
    return [...list.records()].map((record) => record.id);
  } finally {
    list.close();
  }
}

/** Throws unless the file is a whole key store that this program may use. */
function requireBackup(file: string): void {
  if (!existsSync(file)) throw new Refusal('invalid_value', { message: `There is no backup ${file}.`, param: 'file' });
  inspect(file);
  const database = openSqlite(file, { file: 'existing', readOnly: true });
  try {
    requireIntegrity(database);
  } catch (error) {
    throw storeRefusal(error, file);
  } finally {
    database.close();
  }
}

function requireIntegrity(database: SqliteDatabase): void {
  const finding = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
  if (finding === 'ok') return;
  throw new Refusal('store_unavailable', {
    message: `The backup ${database.path} is damaged and was not restored. Take another one.`,
    reason: `integrity_check: ${String(finding)}`,
  });
}

function asideName(path: string, clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().replace(/[:.]/g, '-');
  return `${path}.before-restore-${stamp}`;
}

/** Gives the present store a second name; what stands in its write-ahead log goes with it. */
function keepAside(path: string, aside: string): void {
  emptyLog(path);
  for (const end of SIDE_FILES) {
    if (existsSync(path + end)) renameSync(path + end, aside + end);
  }
  linkSync(path, aside);
}

/** Moves the log into the file, so that nothing is lost should the power go between two renames. A damaged store is kept as it is. */
function emptyLog(path: string): void {
  try {
    openSqlite(path, { file: 'existing' }).close();
  } catch {
    return;
  }
}
