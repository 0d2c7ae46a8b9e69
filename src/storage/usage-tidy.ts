import { firstPosition } from '../usage/journal-lines.js';
import { DAY_MS, HOUR_MS } from './ledger-sums.js';
import type { SqliteDatabase } from './sqlite/driver.js';
import type { TidyBounds } from './usage-api.js';

/** Small enough that a step takes a few milliseconds and the journal's next group hardly waits. */
const ROWS_PER_STEP = 1000;
const SUMS_PER_STEP = 2000;
const PAGES_PER_STEP = 500;

/** One step of forgetting. */
export interface TidyStep {
  /** There is more to forget now. */
  more: boolean;
  /** Subjects of the ledger were deleted. */
  subjects: boolean;
}

/** Forgets a bounded part of what is too old, and gives a bounded part of the file back. */
export function tidyStep(database: SqliteDatabase, bounds: TidyBounds): TidyStep {
  const deleted = [
    deleteRows(database, 'requests', firstPosition(bounds.requestsBeforeMs)),
    deleteRows(database, 'ledger', firstPosition(bounds.ledgerBeforeMs)),
    deleteSums(database, 'hour', Math.floor(bounds.hoursBeforeMs / HOUR_MS)),
  ];
  const day = Math.floor(bounds.ledgerBeforeMs / DAY_MS);
  const days = deleteSums(database, 'day', day);
  const subjects = days.changes > 0 && !days.more;
  if (subjects) database.prepare('DELETE FROM ledger_subjects WHERE last_day < ?').run(day);
  database.prepare('DELETE FROM recent_use WHERE last_ms < ?').run(Math.trunc(bounds.usesBeforeMs));
  database.prepare('DELETE FROM refusals WHERE minute < ?').run(Math.trunc(bounds.requestsBeforeMs / 60_000));
  database.prepare(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
  const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  return { more: [...deleted, days].some((table) => table.more) || free > PAGES_PER_STEP, subjects };
}

function deleteRows(database: SqliteDatabase, table: 'requests' | 'ledger', before: number): { more: boolean } {
  const step = `SELECT position FROM ${table} WHERE position < ? ORDER BY position LIMIT ${ROWS_PER_STEP}`;
  const { changes } = database.prepare(`DELETE FROM ${table} WHERE position IN (${step})`).run(before);
  return { more: changes === ROWS_PER_STEP };
}

function deleteSums(
  database: SqliteDatabase,
  period: 'hour' | 'day',
  before: number,
): { changes: number; more: boolean } {
  const step = `SELECT ${period}, subject FROM ledger_${period}s WHERE ${period} < ? ORDER BY 1, 2 LIMIT ${SUMS_PER_STEP}`;
  const { changes } = database
    .prepare(`DELETE FROM ledger_${period}s WHERE (${period}, subject) IN (${step})`)
    .run(before);
  return { changes, more: changes === SUMS_PER_STEP };
}
