import { firstPosition } from '../usage/journal-lines.js';
import { DAY_MS, HOUR_MS } from './ledger-sums.js';
import type { SqliteDatabase } from './sqlite/driver.js';
import type { TidyBounds } from './usage-api.js';

interface Table {
  name: string;
  /** Columns that name a row. */
  key: string;
  /** The column it is forgotten by. */
  time: string;
  /** So many rows a step: a few milliseconds, so that the journal's next group hardly waits. */
  most: number;
}

const REQUESTS: Table = { name: 'requests', key: 'position', time: 'position', most: 500 };
const REFUSALS: Table = { name: 'refusals', key: 'minute, code', time: 'minute', most: 500 };
const RECENT_USE: Table = { name: 'recent_use', key: 'key_id, address, model', time: 'last_ms', most: 500 };
const LEDGER: Table = { name: 'ledger', key: 'position', time: 'position', most: 500 };
const HOURS: Table = { name: 'ledger_hours', key: 'hour, subject', time: 'hour', most: 1000 };
const DAYS: Table = { name: 'ledger_days', key: 'day, subject', time: 'day', most: 1000 };
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
  const { requestsBeforeMs, usesBeforeMs, ledgerBeforeMs, hoursBeforeMs } = bounds;
  const day = Math.floor(ledgerBeforeMs / DAY_MS);
  const days = deleteOld(database, DAYS, day);
  const rest = [
    deleteOld(database, LEDGER, firstPosition(ledgerBeforeMs)),
    deleteOld(database, HOURS, Math.floor(hoursBeforeMs / HOUR_MS)),
    deleteOld(database, REQUESTS, firstPosition(requestsBeforeMs)),
    deleteOld(database, REFUSALS, Math.trunc(requestsBeforeMs / 60_000)),
    deleteOld(database, RECENT_USE, Math.trunc(usesBeforeMs)),
  ];
  const subjects = days === 'the last';
  if (subjects) database.prepare('DELETE FROM ledger_subjects WHERE last_day < ?').run(day);
  database.prepare(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
  const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  return { more: [days, ...rest].includes('some') || free > PAGES_PER_STEP, subjects };
}

/** Deletes the oldest rows before a moment. Answers whether it left some, or deleted the last of them. */
function deleteOld(database: SqliteDatabase, table: Table, before: number): 'none' | 'some' | 'the last' {
  const { name, key, time, most } = table;
  const old = `SELECT ${key} FROM ${name} WHERE ${time} < ? ORDER BY ${time} LIMIT ${most}`;
  const { changes } = database.prepare(`DELETE FROM ${name} WHERE (${key}) IN (${old})`).run(before);
  if (changes === 0) return 'none';
  return database.prepare(old).get(before) === undefined ? 'the last' : 'some';
}
