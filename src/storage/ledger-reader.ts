import { statSync } from 'node:fs';
import { Refusal } from '../core/errors.js';
import type { LineColumns } from '../usage/journal-lines.js';
import type { UsageQuery } from './ledger-question.js';
import { rowsBetween, sumsOf, type RowsQuery, type SumColumns } from './ledger-read.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { sqliteFault } from './sqlite/faults.js';
import type { WorkerHandlers } from './worker-link.js';

/** What the thread that reads the books is started with. */
export interface LedgerReaderData {
  path: string;
  reads: 'ledger';
}

/** What the main thread asks of the thread that reads the books. */
export interface LedgerApi {
  usage(args: { query: UsageQuery; most: number }): SumColumns;
  rows(args: RowsQuery): LineColumns;
}

/** Reads `usage.db` through a connection of its own, so that a long answer never holds up the journal. */
export class LedgerReader implements WorkerHandlers<LedgerApi> {
  readonly #path: string;
  #opened: { database: SqliteDatabase; inode: number } | null = null;

  constructor({ path }: LedgerReaderData) {
    this.#path = path;
  }

  usage({ query, most }: Parameters<LedgerApi['usage']>[0]): SumColumns {
    return this.#with((database) => sumsOf(database, query, most));
  }

  rows(query: RowsQuery): LineColumns {
    return this.#with((database) => rowsBetween(database, query));
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = null;
  }

  #with<T>(read: (database: SqliteDatabase) => T): T {
    try {
      return read(this.#open());
    } catch (error) {
      this.close();
      if (!(error instanceof Refusal) && sqliteFault(error) === null) throw error;
      throw new Refusal('store_unavailable', {
        message: 'The ledger cannot be read now. Look at the disk under the data directory and try again.',
        reason: error instanceof Refusal ? error.reason : String(error),
        cause: error,
      });
    }
  }

  /** Opens the file, again when it is another one than before. */
  #open(): SqliteDatabase {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino ?? 0;
    if (this.#opened?.inode === inode) return this.#opened.database;
    this.close();
    const database = openSqlite(this.#path, { file: 'existing', readOnly: true });
    this.#opened = { database, inode };
    return database;
  }
}
