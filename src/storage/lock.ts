import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../core/errors.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { sqliteFault, type SqliteFault } from './sqlite/faults.js';

/** The right to write in a data directory, held by one process at a time. It ends with the process, however it ends. */
export interface Lock {
  /** Gives the right back and removes what `announce` told. Calling it twice does nothing. */
  release(): void;
}

const LOCK_FILE = 'lock.db';
/** What the holder tells of itself, see `announce`. */
export const NOTICE_FILE = 'keyporter.json';
/** The same file while nobody runs: kept, so that the next holder can tell of itself on a full disk too. */
export const SPARE_NOTICE_FILE = `${NOTICE_FILE}.new`;
/** Others hold the lock for an instant when they look whether someone works here. */
const LOOKING_MS = 500;

/**
 * Takes the lock of a data directory and removes what an earlier holder told of itself. Rejects with
 * `conflict` when another process holds it.
 */
export async function lock(dir: string): Promise<Lock> {
  const database = taken(dir);
  if (database === null) {
    throw new Refusal('conflict', {
      message: `Another Keyporter already works on ${dir}. Stop it ("keyporter stop"), or name another directory with --data-dir.`,
    });
  }
  withdrawNotice(dir);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      withdrawNotice(dir);
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

/** True when a process holds the lock. Nothing is made that is not there. */
export function isLocked(dir: string): boolean {
  const file = join(dir, LOCK_FILE);
  if (!existsSync(file)) return false;
  try {
    openSqlite(file, { file: 'existing', readOnly: true, journal: 'plain', busyTimeoutMs: 0 }).close();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw lockRefusal(error, file);
  }
}

function withdrawNotice(dir: string): void {
  const notice = join(dir, NOTICE_FILE);
  if (existsSync(notice)) renameSync(notice, join(dir, SPARE_NOTICE_FILE));
}

function taken(dir: string): SqliteDatabase | null {
  const file = join(dir, LOCK_FILE);
  try {
    const database = openSqlite(file, { file: 'either', journal: 'plain', busyTimeoutMs: LOOKING_MS });
    try {
      database.exec('BEGIN EXCLUSIVE');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (isBusy(error)) return null;
    throw lockRefusal(error, file);
  }
}

/** A damaged lock is no loss, unlike a damaged database: the cure is another one. */
function lockRefusal(error: unknown, file: string): unknown {
  const isDamaged = statSync(file, { throwIfNoEntry: false })?.size === 0 || faultOf(error) === 'corrupt';
  if (!isDamaged) return error;
  return new Refusal('store_unavailable', {
    message: `The lock file ${file} is damaged. It holds nothing: make sure that no Keyporter runs on this directory, then remove the file, and the next start makes it anew.`,
    reason: String(error),
    cause: error,
  });
}

function isBusy(error: unknown): boolean {
  return faultOf(error) === 'busy';
}

/** A refusal of the driver carries the error of SQLite as its cause. */
function faultOf(error: unknown): SqliteFault | null {
  return sqliteFault(error instanceof Refusal ? error.cause : error);
}
