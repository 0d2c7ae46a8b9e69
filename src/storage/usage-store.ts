import { statSync } from 'node:fs';
import type { SqliteDatabase } from './sqlite/driver.js';
import { sqliteFault, storeRefusal } from './sqlite/faults.js';
import type { UsageApi } from './usage-api.js';
import { listRequests, loadLastUses, recentUseOf } from './usage-read.js';
import { mayPass, openUsageDatabase } from './usage-schema.js';
import { POSITIONS_PER_MS, UsageWriter } from './usage-write.js';
import type { WorkerHandlers } from './worker-link.js';

const ROWS_PER_STEP = 5000;
const PAGES_PER_STEP = 2000;

interface Opened {
  database: SqliteDatabase;
  writer: UsageWriter;
  /** Tells whether the file is still the one that was opened. */
  inode: number;
}

/**
 * `usage.db` in its worker. After a fault that may have to do with the file it is closed and opened
 * again at the next call, so that it heals when the disk does.
 */
export class UsageStore implements WorkerHandlers<UsageApi> {
  readonly #path: string;
  #opened: Opened | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  open(): ReturnType<UsageApi['open']> {
    try {
      return { uses: loadLastUses(this.#open().database), pending: null };
    } catch (error) {
      if (mayPass(error)) return { uses: null, pending: String(error) };
      throw error;
    }
  }

  write(rows: Parameters<UsageApi['write']>[0]): number {
    return this.#with(({ writer }) => writer.write(rows));
  }

  note({ uses, refusals }: Parameters<UsageApi['note']>[0]): void {
    this.#with(({ writer }) => writer.note(uses, refusals));
  }

  list({ filter, limit, before }: Parameters<UsageApi['list']>[0]): ReturnType<UsageApi['list']> {
    return this.#with(({ database }) => listRequests(database, filter, { limit, before }));
  }

  recentUse({ keyIds, sinceMs }: Parameters<UsageApi['recentUse']>[0]): ReturnType<UsageApi['recentUse']> {
    return this.#with(({ database }) => recentUseOf(database, keyIds, sinceMs));
  }

  tidy({ requestsBeforeMs, usesBeforeMs }: Parameters<UsageApi['tidy']>[0]): boolean {
    this.#reopenIfReplaced();
    return this.#with(({ database }) => {
      const before = Math.trunc(requestsBeforeMs) * POSITIONS_PER_MS;
      const step = `SELECT position FROM requests WHERE position < ? ORDER BY position LIMIT ${ROWS_PER_STEP}`;
      const { changes } = database.prepare(`DELETE FROM requests WHERE position IN (${step})`).run(before);
      database.prepare('DELETE FROM recent_use WHERE last_ms < ?').run(Math.trunc(usesBeforeMs));
      database.prepare('DELETE FROM refusals WHERE minute < ?').run(Math.trunc(requestsBeforeMs / 60_000));
      database.prepare(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
      return changes === ROWS_PER_STEP;
    });
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = null;
  }

  #with<T>(work: (opened: Opened) => T): T {
    try {
      return work(this.#open());
    } catch (error) {
      const fault = sqliteFault(error);
      if (fault !== null && fault !== 'full' && fault !== 'busy') this.close();
      throw storeRefusal(error, this.#path);
    }
  }

  #open(): Opened {
    if (this.#opened !== null) return this.#opened;
    const database = openUsageDatabase(this.#path);
    try {
      this.#opened = { database, writer: new UsageWriter(database), inode: statSync(this.#path).ino };
      return this.#opened;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** A file that was moved or deleted under us would take rows nobody can ever read. */
  #reopenIfReplaced(): void {
    if (this.#opened === null) return;
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino !== this.#opened.inode) this.close();
  }
}
