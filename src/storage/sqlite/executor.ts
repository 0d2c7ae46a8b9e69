import type { Compilable } from 'kysely';
import type { SqliteDatabase, SqliteStatement, SqlValue } from './driver.js';

/** Statements kept prepared. Queries with many shapes push the oldest ones out. */
const MOST_PREPARED = 100;

/** Runs typed queries at once, on this thread. */
export interface Executor {
  readonly database: SqliteDatabase;
  /** Answers how many rows changed. */
  run(query: Compilable): number;
  get<Row>(query: Compilable<Row>): Row | undefined;
  all<Row>(query: Compilable<Row>): Row[];
}

export function createExecutor(database: SqliteDatabase): Executor {
  const prepared = new Map<string, SqliteStatement>();

  function statement(sql: string): SqliteStatement {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const made = database.prepare(sql);
    if (prepared.size >= MOST_PREPARED) prepared.delete(prepared.keys().next().value ?? '');
    prepared.set(sql, made);
    return made;
  }

  return {
    database,
    run(query) {
      const { sql, parameters } = query.compile();
      return statement(sql).run(...(parameters as SqlValue[])).changes;
    },
    get<Row>(query: Compilable<Row>) {
      const { sql, parameters } = query.compile();
      return statement(sql).get(...(parameters as SqlValue[])) as Row | undefined;
    },
    all<Row>(query: Compilable<Row>) {
      const { sql, parameters } = query.compile();
      return statement(sql).all(...(parameters as SqlValue[])) as Row[];
    },
  };
}
