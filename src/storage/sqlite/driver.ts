import { closeSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { Refusal } from '../../core/errors.js';
import { sqliteEngine, type EngineDatabase, type EngineStatement, type EngineValue } from './engine.js';
import { storeRefusal } from './faults.js';

/** What may be bound. Booleans become 0 and 1, dates Unix milliseconds, undefined null. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | Date | null | undefined;

/** One row as SQLite hands it out; bytes come as plain `Uint8Array`. */
export type SqlRow = Record<string, string | number | bigint | Uint8Array | null>;

export interface SqliteStatement {
  run(...params: SqlValue[]): { changes: number; lastInsertRowid: number | bigint };
  get(...params: SqlValue[]): SqlRow | undefined;
  all(...params: SqlValue[]): SqlRow[];
  iterate(...params: SqlValue[]): IterableIterator<SqlRow>;
}

export interface SqliteDatabase {
  readonly path: string;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  /** Runs `work` between BEGIN IMMEDIATE and COMMIT; any error rolls all of it back and is thrown on. */
  transaction<T>(work: () => T): T;
  /** Ends the connection. Statements must not be used afterwards. Calling it twice does nothing. */
  close(): void;
}

export interface SqliteOptions {
  /**
   * `existing`: the file must be there and hold a database. `new`: it must not be there. `either`: it is
   * made when missing, but an existing file that is no database is refused all the same.
   */
  file: 'existing' | 'new' | 'either';
  /** `wal`: write-ahead log with a flush at every commit. `plain`: SQLite's rollback journal, also flushed. */
  journal?: 'wal' | 'plain';
  /** Opens without the right to change anything, not even the journal mode. */
  readOnly?: boolean;
  /** How long a statement waits for the lock of another connection, blocking its thread. Default 5000. */
  busyTimeoutMs?: number;
}

const SYNCHRONOUS_FULL = 2;

/**
 * Opens a SQLite file with mode 0600, durable at every commit: write-ahead log and `synchronous=FULL` are
 * set and read back, because both silently weaken when a file is opened again. Throws a `Refusal` that
 * names the file and what to do; an existing file is never made anew.
 */
export function openSqlite(path: string, options: SqliteOptions): SqliteDatabase {
  try {
    prepareFile(path, options.file);
    const engine = new (sqliteEngine().DatabaseSync)(path, { readOnly: options.readOnly === true });
    return settle(new Connection(path, engine, options.readOnly === true), options);
  } catch (error) {
    throw storeRefusal(error, path);
  }
}

/** Applies and verifies the settings; on failure the file is let go again. */
function settle(database: SqliteDatabase, options: SqliteOptions): SqliteDatabase {
  try {
    database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? 5000}`);
    database.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (options.readOnly !== true) makeDurable(database, options.journal ?? 'wal');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function makeDurable(database: SqliteDatabase, journal: 'wal' | 'plain'): void {
  const wanted = journal === 'wal' ? 'wal' : 'delete';
  const mode = database.prepare(`PRAGMA journal_mode = ${wanted}`).get()?.['journal_mode'];
  database.exec('PRAGMA synchronous = FULL');
  const synchronous = database.prepare('PRAGMA synchronous').get()?.['synchronous'];
  if (mode === wanted && synchronous === SYNCHRONOUS_FULL) return;
  throw new Refusal('store_unavailable', {
    message: `The file system under ${database.path} does not allow durable writes. Put the data directory on a local disk.`,
    reason: `journal_mode ${String(mode)} instead of ${wanted}, synchronous ${String(synchronous)} instead of ${SYNCHRONOUS_FULL}`,
  });
}

/**
 * Makes the file when it may be made; refuses what is there and is empty. The file is never opened here
 * once SQLite may have it open: closing any descriptor of it would drop the locks of the whole process.
 */
function prepareFile(path: string, file: SqliteOptions['file']): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) {
    throw new Refusal('store_unavailable', {
      message: `${path} is no file. It was left as it is: put it aside, or name another data directory.`,
    });
  }
  const size = found?.size;
  if (size === undefined && file === 'existing') {
    throw new Refusal('store_unavailable', {
      message: `There is no database at ${path}. Check the data directory, or run "keyporter restore" with a backup.`,
    });
  }
  if (size === undefined) return file === 'either' ? makeComplete(path) : closeSync(openSync(path, 'wx', 0o600));
  if (file === 'new')
    throw new Refusal('conflict', { message: `${path} exists already and is not overwritten. Name another file.` });
  if (size > 0) return;
  throw new Refusal('store_unavailable', {
    message: `${path} is empty: what it held is lost. It was left as it is: put it aside and run "keyporter restore" with a backup.`,
  });
}

/** Makes a database under another name first, so that an empty file under this one always means a loss. */
function makeComplete(path: string): void {
  const unfinished = `${path}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  const database = openSqlite(unfinished, { file: 'new', journal: 'plain' });
  database.exec('CREATE TABLE begun (id INTEGER); DROP TABLE begun');
  database.close();
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * One connection. The packaged engine crashes the process when a database is collected as garbage while a
 * statement lives, so the exit listener holds it until `close`, and every statement holds its connection.
 */
class Connection implements SqliteDatabase {
  readonly path: string;
  readonly #engine: EngineDatabase;
  readonly #closeAtExit = (): void => this.close();
  readonly #readOnly: boolean;
  #open = true;

  constructor(path: string, engine: EngineDatabase, readOnly: boolean) {
    this.path = path;
    this.#engine = engine;
    this.#readOnly = readOnly;
    process.once('exit', this.#closeAtExit);
  }

  exec(sql: string): void {
    this.#engine.exec(sql);
  }

  prepare(sql: string): SqliteStatement {
    return new Prepared(this, this.#engine.prepare(sql));
  }

  transaction<T>(work: () => T): T {
    this.#engine.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#engine.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.removeListener('exit', this.#closeAtExit);
    if (!this.#readOnly) this.#emptyLog();
    this.#engine.close();
  }

  /**
   * Moves the write-ahead log into the file. SQLite does so itself when the last connection ends, but the
   * packaged engine ends a connection only when its statements are collected as garbage.
   */
  #emptyLog(): void {
    try {
      this.#engine.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Nothing is lost: the log is read again at the next opening.
      return;
    }
  }

  /** A full or failing disk makes SQLite roll back by itself; then there is nothing left to undo. */
  #rollback(): void {
    try {
      this.#engine.exec('ROLLBACK');
    } catch {
      return;
    }
  }
}

class Prepared implements SqliteStatement {
  /** Never read: keeps the connection reachable as long as the statement is. */
  readonly connection: SqliteDatabase;
  readonly #statement: EngineStatement;

  constructor(connection: SqliteDatabase, statement: EngineStatement) {
    this.connection = connection;
    this.#statement = statement;
  }

  run(...params: SqlValue[]): { changes: number; lastInsertRowid: number | bigint } {
    const { changes, lastInsertRowid } = this.#statement.run(...params.map(bindable));
    return { changes: Number(changes), lastInsertRowid };
  }

  get(...params: SqlValue[]): SqlRow | undefined {
    return this.#statement.get(...params.map(bindable)) as SqlRow | undefined;
  }

  all(...params: SqlValue[]): SqlRow[] {
    return this.#statement.all(...params.map(bindable)) as SqlRow[];
  }

  iterate(...params: SqlValue[]): IterableIterator<SqlRow> {
    return this.#statement.iterate(...params.map(bindable)) as IterableIterator<SqlRow>;
  }
}

/** The engines differ in what they bind: one takes booleans and turns dates into null, the other throws. */
function bindable(value: SqlValue): EngineValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  return value;
}
