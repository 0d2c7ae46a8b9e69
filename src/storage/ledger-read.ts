import { AT, FIGURES, STAGE, type LineColumns } from '../usage/journal-lines.js';
import type { UsageGroup } from '../usage/ledger.js';
import type { UsageQuery } from './ledger-question.js';
import { SUM_COLUMNS } from './ledger-schema.js';
import { DAY_MS, HOUR_MS } from './ledger-sums.js';
import type { SqliteDatabase, SqlRow, SqlValue } from './sqlite/driver.js';

/** Up to so many callers are looked up one by one in every period; for more the periods are read from end to end. */
const MOST_LOOKED_UP = 50;

/** The column behind each group. */
const GROUPS: Readonly<Record<UsageGroup, string>> = {
  key: 'caller_id',
  owner: 'owner',
  model: 'model',
  day: 'from_ms',
  hour: 'from_ms',
};

/** Rows of settled requests, one bounded piece. */
export interface RowsQuery {
  /** Positions, the second exclusive. */
  from: number;
  before: number;
  callerIds: readonly string[] | null;
  limit: number;
}

/** Sums as columns, which the main thread takes without a pause: names by their place in `words`, -1 = null. */
export interface SumColumns {
  words: string[];
  /** `SUM_FIGURES` numbers a sum: caller, owner, model, beginning in Unix milliseconds (NaN = none), then `SUM_COLUMNS`. */
  figures: Float64Array<ArrayBuffer>;
}

const NAMES = ['caller_id', 'owner', 'model'] as const;
export const SUM_FIGURES = NAMES.length + 1 + SUM_COLUMNS.length;

/** Sums over groups, at most `most` of them, in the order of time and then of names. */
export function sumsOf(database: SqliteDatabase, query: UsageQuery, most: number): SumColumns {
  const columns = [...new Set(query.by.map((group) => GROUPS[group]))];
  const sums = SUM_COLUMNS.map((column) => `total(${column}) AS ${column}`);
  const asked = columns.length === 0 ? '' : `GROUP BY ${columns.join(', ')} ORDER BY ${inOrder(columns).join(', ')}`;
  const subjects = conditionOf(query);
  const unit = query.by.includes('hour') ? HOUR_MS : DAY_MS;
  const sql = `SELECT ${[...columns, ...sums].join(', ')} FROM (
      ${periods('day', subjects.sql, `day * ${DAY_MS}`)} UNION ALL
      ${periods('hour', subjects.sql, `hour * ${HOUR_MS} / ${unit} * ${unit}`)}
    ) JOIN ledger_subjects ON id = subject ${asked} LIMIT ?`;
  const values = [JSON.stringify(query.days), ...subjects.values, JSON.stringify(query.hours), ...subjects.values];
  return sumColumns(database.prepare(sql).all(...values, most));
}

function sumColumns(rows: readonly SqlRow[]): SumColumns {
  const words = new Words();
  const figures = Float64Array.from(
    rows.flatMap((row) => [
      ...NAMES.map((name) => words.placeOf(row[name])),
      Number(row['from_ms'] ?? Number.NaN),
      ...SUM_COLUMNS.map((column) => Number(row[column])),
    ]),
  );
  return { words: words.all(), figures };
}

/** Every text once. */
class Words {
  readonly #places = new Map<string, number>();

  /** -1 for what is no text. */
  placeOf(text: SqlRow[string] | undefined): number {
    if (typeof text !== 'string') return -1;
    const place = this.#places.get(text) ?? this.#places.size;
    this.#places.set(text, place);
    return place;
  }

  all(): string[] {
    return [...this.#places.keys()];
  }
}

/** Settled rows in the order of their positions. */
export function rowsBetween(database: SqliteDatabase, { from, before, callerIds, limit }: RowsQuery): LineColumns {
  const isAsked = callerIds === null ? '' : 'AND caller_id IN (SELECT value FROM json_each(?))';
  const statement = database.prepare(
    `SELECT * FROM ledger CROSS JOIN ledger_subjects ON id = subject
      WHERE position >= ? AND position < ? ${isAsked} ORDER BY position LIMIT ?`,
  );
  const callers = callerIds === null ? [] : [JSON.stringify(callerIds)];
  return columnsOf(statement.all(from, before, ...callers, limit));
}

function inOrder(columns: readonly string[]): string[] {
  return [...columns].sort((a, b) => Number(b === 'from_ms') - Number(a === 'from_ms'));
}

/** One kind of period, of the subjects asked for. */
function periods(period: 'day' | 'hour', subjects: string, from: string): string {
  return `SELECT ${from} AS from_ms, subject, ${SUM_COLUMNS.join(', ')}
    FROM json_each(?) AS asked CROSS JOIN ledger_${period}s ON ${period} = asked.value ${subjects}`;
}

/** `+` keeps the index of the sums from being asked for each of very many subjects. */
function conditionOf({ callerIds, owner, model }: UsageQuery): { sql: string; values: SqlValue[] } {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const add = (sql: string, value: SqlValue): void => {
    conditions.push(sql);
    values.push(value);
  };
  if (callerIds !== null) add('caller_id IN (SELECT value FROM json_each(?))', JSON.stringify(callerIds));
  if (owner !== null) add('owner = ?', owner);
  if (model !== null) add('model = ?', model);
  if (conditions.length === 0) return { sql: '', values };
  const place = callerIds !== null && callerIds.length <= MOST_LOOKED_UP ? 'subject' : '+subject';
  return { sql: `AND ${place} IN (SELECT id FROM ledger_subjects WHERE ${conditions.join(' AND ')})`, values };
}

function columnsOf(rows: readonly SqlRow[]): LineColumns {
  const words = new Words();
  const figures = new Float64Array(rows.length * FIGURES);
  rows.forEach((row, line) => {
    const set = (place: number, value: number): void => void (figures[line * FIGURES + place] = value);
    const number = (column: string): number => (row[column] === null ? Number.NaN : Number(row[column]));
    set(AT.position, number('position'));
    set(AT.stage, STAGE.whole);
    set(AT.caller, words.placeOf(row['caller_id']));
    set(AT.owner, words.placeOf(row['owner']));
    set(AT.model, words.placeOf(row['model']));
    set(AT.path, words.placeOf(row['path']));
    set(AT.streamed, number('streamed'));
    set(AT.reservedInput, number('reserved_input'));
    set(AT.reservedOutput, number('reserved_output'));
    set(AT.input, number('input_tokens'));
    set(AT.output, number('output_tokens'));
    set(AT.cached, number('cached_tokens'));
    set(AT.certainty, number('certainty'));
    set(AT.gpuSeconds, number('gpu_us') / 1e6);
    set(AT.gpuReported, number('gpu_reported'));
    set(AT.status, number('status'));
    set(AT.code, words.placeOf(row['code']));
    set(AT.queuedMs, number('queued_us') / 1000);
    set(AT.firstByteMs, number('first_byte_us') / 1000);
    set(AT.durationMs, number('duration_us') / 1000);
  });
  return { words: words.all(), requestIds: rows.map((row) => String(row['request_id'])), figures };
}
