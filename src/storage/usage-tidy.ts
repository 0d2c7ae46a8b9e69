import { firstPosition } from '../usage/journal-lines.js';
import { DAY_MS, HOUR_MS } from './ledger-sums.js';
import type { SqliteDatabase, SqlRow } from './sqlite/driver.js';
import type { TidyBounds } from './usage-api.js';

/** Small enough that a step takes a few milliseconds and the journal's next group hardly waits. */
const ROWS_PER_STEP = 500;
const SUMS_PER_STEP = 1000;
const PAGES_PER_STEP = 200;

/** One step of forgetting. */
export interface TidyStep {
  /** There is more to forget now. */
  more: boolean;
  /** Subjects of the ledger were deleted. */
  subjects: boolean;
}

/** Forgets a bounded part of what is too old, and gives a bounded part of the file back. */
export function tidyStep(database: SqliteDatabase, bounds: TidyBounds): TidyStep {
  return database.transaction(() => forget(database, bounds));
}

function forget(database: SqliteDatabase, bounds: TidyBounds): TidyStep {
  const day = Math.floor(bounds.ledgerBeforeMs / DAY_MS);
  const days = deleteSums(database, 'day', day);
  const rest = [
    deleteRows(database, 'requests', firstPosition(bounds.requestsBeforeMs)),
    deleteRows(database, 'ledger', firstPosition(bounds.ledgerBeforeMs)),
    deleteSums(database, 'hour', Math.floor(bounds.hoursBeforeMs / HOUR_MS)),
  ];
  const subjects = days === 'the last';
  if (subjects) database.prepare('DELETE FROM ledger_subjects WHERE last_day < ?').run(day);
  database.prepare('DELETE FROM recent_use WHERE last_ms < ?').run(Math.trunc(bounds.usesBeforeMs));
  database.prepare('DELETE FROM refusals WHERE minute < ?').run(Math.trunc(bounds.requestsBeforeMs / 60_000));
  database.prepare(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
  const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  return { more: [days, ...rest].includes('some') || free > PAGES_PER_STEP, subjects };
}

/** How much of what is too old a step deleted. */
type Deleted = 'none' | 'some' | 'the last';

function deleteRows(database: SqliteDatabase, table: 'requests' | 'ledger', before: number): Deleted {
  const old = `SELECT position FROM ${table} WHERE position < ? ORDER BY position LIMIT ${ROWS_PER_STEP}`;
  const { changes } = database.prepare(`DELETE FROM ${table} WHERE position IN (${old})`).run(before);
  return deleted(changes, database.prepare(old).get(before));
}

function deleteSums(database: SqliteDatabase, period: 'hour' | 'day', before: number): Deleted {
  const table = `ledger_${period}s`;
  const old = `SELECT ${period}, subject FROM ${table} WHERE ${period} < ? ORDER BY 1, 2 LIMIT ${SUMS_PER_STEP}`;
  const { changes } = database.prepare(`DELETE FROM ${table} WHERE (${period}, subject) IN (${old})`).run(before);
  return deleted(changes, database.prepare(old).get(before));
}

function deleted(changes: number, next: SqlRow | undefined): Deleted {
  if (next !== undefined) return 'some';
  return changes === 0 ? 'none' : 'the last';
}
