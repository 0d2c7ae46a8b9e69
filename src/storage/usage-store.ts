import { statSync } from 'node:fs';
import type { SqliteDatabase } from './sqlite/driver.js';
import { sqliteFault, storeRefusal } from './sqlite/faults.js';
import { usedBefore } from './ledger-before.js';
import { LedgerWriter } from './ledger-write.js';
import type { UsageApi, UsageWorkerData } from './usage-api.js';
import { listRequests, loadLastUses, recentUseOf } from './usage-read.js';
import { mayPass, openUsageDatabase } from './usage-schema.js';
import { tidyStep } from './usage-tidy.js';
import { UsageWriter } from './usage-write.js';
import type { WorkerHandlers } from './worker-link.js';

interface Opened {
  database: SqliteDatabase;
  writer: UsageWriter;
  ledger: LedgerWriter;
  /** Tells whether the file is still the one that was opened. */
  inode: number;
}

/**
 * `usage.db` in its worker. After a fault that may have to do with the file it is closed and opened
 * again at the next call, so that it heals when the disk does.
 */
export class UsageStore implements WorkerHandlers<UsageApi> {
  readonly #path: string;
  readonly #run: number;
  #opened: Opened | null = null;
  #orphans = 0;

  constructor({ path, run }: UsageWorkerData) {
    this.#path = path;
    this.#run = run;
  }

  open({ nowMs }: Parameters<UsageApi['open']>[0]): ReturnType<UsageApi['open']> {
    try {
      const { database } = this.#open();
      const opened = { uses: loadLastUses(database), before: usedBefore(database, nowMs), orphans: this.#orphans };
      return { opened, pending: null };
    } catch (error) {
      if (mayPass(error)) return { opened: null, pending: String(error) };
      throw error;
    }
  }

  write(rows: Parameters<UsageApi['write']>[0]): number {
    return this.#with(({ writer }) => writer.write(rows));
  }

  book(lines: Parameters<UsageApi['book']>[0]): number {
    return this.#with(({ ledger }) => ledger.write(lines));
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

  tidy(bounds: Parameters<UsageApi['tidy']>[0]): boolean {
    this.#reopenIfReplaced();
    return this.#with(({ database, ledger }) => {
      const { more, subjects } = tidyStep(database, bounds);
      if (subjects) ledger.forgetSubjects();
      return more;
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
      const ledger = new LedgerWriter(database, this.#run);
      this.#orphans += ledger.settleOrphans();
      this.#opened = { database, writer: new UsageWriter(database), ledger, inode: statSync(this.#path).ino };
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
