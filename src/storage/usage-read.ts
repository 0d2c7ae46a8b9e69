import { POSITIONS_PER_MS } from '../usage/journal-lines.js';
import type { LastUses } from '../usage/last-use-map.js';
import type { RequestFilter } from '../usage/request-row.js';
import type { SqliteDatabase, SqlRow, SqlValue } from './sqlite/driver.js';
import { COLUMN_NAMES } from './usage-rows.js';

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** `404` or `4xx`. */
export const STATUS_FILTER = /^[1-5](?:\d\d|xx)$/;
const FIRST_FAILURE = 400;

/** Requests newest first. Every condition is served by the order of the table or by an index in that order. */
export function listRequests(
  database: SqliteDatabase,
  filter: RequestFilter,
  page: { limit: number; before: number | null },
): SqlRow[] {
  const conditions = conditionsOf(filter, page.before);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map((condition) => condition.sql).join(' AND ')}`;
  const statement = database.prepare(
    `SELECT position, ${COLUMN_NAMES.join(', ')} FROM requests ${where} ORDER BY position DESC LIMIT ?`,
  );
  return statement.all(...conditions.flatMap((condition) => condition.values), page.limit);
}

function conditionsOf(filter: RequestFilter, before: number | null): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: SqlValue[]): void => void conditions.push({ sql, values });
  if (filter.keyId !== undefined) add('key_id = ?', filter.keyId);
  if (filter.owner !== undefined) add('owner = ?', filter.owner);
  if (filter.model !== undefined) add('model = ?', filter.model);
  if (filter.sinceMs !== undefined) add('position >= ?', Math.ceil(filter.sinceMs) * POSITIONS_PER_MS);
  if (before !== null) add('position < ?', before);
  if (filter.status !== undefined) conditions.push(...statusConditions(filter.status));
  return conditions;
}

/** Worded so that the index of failures, which holds them by class, is found. */
function statusConditions(status: string): Condition[] {
  const hundreds = Number(status.charAt(0));
  const conditions: Condition[] = [{ sql: 'status / 100 = ?', values: [hundreds] }];
  if (hundreds * 100 >= FIRST_FAILURE) conditions.push({ sql: `status >= ${FIRST_FAILURE}`, values: [] });
  if (!status.endsWith('xx')) conditions.push({ sql: 'status = ?', values: [Number(status)] });
  return conditions;
}

/** Addresses and models of these keys since a moment, sorted. */
export function recentUseOf(
  database: SqliteDatabase,
  keyIds: readonly string[],
  sinceMs: number,
): { addresses: string[]; models: string[] } {
  const addresses = new Set<string>();
  const models = new Set<string>();
  const statement = database.prepare('SELECT address, model FROM recent_use WHERE key_id = ? AND last_ms >= ?');
  for (const keyId of keyIds) {
    for (const use of statement.iterate(keyId, Math.trunc(sinceMs))) {
      addresses.add(String(use['address']));
      if (use['model'] !== '') models.add(String(use['model']));
    }
  }
  return { addresses: [...addresses].sort(), models: [...models].sort() };
}

export function loadLastUses(database: SqliteDatabase): LastUses {
  const rows = database.prepare('SELECT key_id, current_at, previous_at FROM last_use').all();
  return {
    ids: rows.map((row) => String(row['key_id'])),
    current: Uint32Array.from(rows, (row) => Number(row['current_at'])),
    previous: Uint32Array.from(rows, (row) => Number(row['previous_at'])),
  };
}
