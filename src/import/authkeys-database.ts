import { Refusal } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { openSqlite, type SqliteDatabase, type SqlRow } from '../storage/sqlite/driver.js';
import { sqliteFault, type SqliteFault } from '../storage/sqlite/faults.js';
import { AUTHKEYS_OWNER } from './authkeys-config.js';
import { counted, LATEST_SECOND, UnreadableFile, Verdicts, type Reading } from './reading.js';
import { takeKey } from './take-key.js';

const SCOPES: Readonly<Record<string, readonly string[]>> = {
  infer: ['infer'],
  write: ['keys:read', 'keys:write'],
  revoke: ['keys:revoke'],
};
/** Where an authkeys listener looks for the scope as its maker wrote it. */
const SCOPE_LABEL = 'authkeys_scope';

/** What keeps a database from being read, in words that say what to do next. */
const FAULTS: Partial<Record<SqliteFault, string>> = {
  busy: 'is locked by another program: stop that, or import a copy of the file',
  corrupt: 'is damaged, or is no SQLite database: import a backup of it',
  readonly: 'holds a change that was not finished: start the program it belongs to once, or import a backup',
};
const COLUMNS = ['token', 'scope', 'created_at', 'expired_at'];

/** Reads the tokens of `authwall.db`, which may be in use meanwhile. `now` in Unix seconds. Throws an `UnreadableFile`. */
export function readAuthkeysDatabase(path: string, now: number): Reading {
  try {
    const database = openSqlite(path, { file: 'existing', readOnly: true });
    try {
      return readTokens(database, now);
    } finally {
      database.close();
    }
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): unknown {
  if (cause instanceof UnreadableFile) return cause;
  const error = cause instanceof Refusal ? cause.cause : cause;
  // Not every engine gives its errors a code.
  const fault = sqliteFault(error) ?? (String(error).includes('malformed') ? 'corrupt' : null);
  return fault === null ? cause : new UnreadableFile(FAULTS[fault] ?? 'cannot be read', { cause });
}

function readTokens(database: SqliteDatabase, now: number): Reading {
  const columns = columnsOf(database, 'tokens');
  if (columns.size === 0) throw new UnreadableFile('is an SQLite database without a table `tokens`');
  const missing = COLUMNS.filter((name) => !columns.has(name));
  if (missing.length > 0)
    throw new UnreadableFile(`has a table \`tokens\` without ${missing.map((name) => `\`${name}\``).join(', ')}`);
  const rows = database.prepare(`SELECT ${COLUMNS.map(numberSafe).join(', ')} FROM tokens ORDER BY rowid`).all();
  const verdicts = new Verdicts();
  const keys = rows.flatMap((row, index) => {
    const at = { field: `tokens row ${index + 1}`, now, verdicts };
    const key = keyOf(row, index + 1, at);
    return key === null ? [] : takeKey(at.field, key, verdicts);
  });
  if (rows.length > 0) judgeColumns({ taken: keys.length, of: rows.length }, verdicts);
  verdicts.refuseUnknown(Object.fromEntries([...columns].map((name) => [name, ''])), COLUMNS, 'tokens.');
  if (columnsOf(database, 'usage_logs').size > 0)
    verdicts.refused('usage_logs', 'holds tokens in clear; the request log begins anew');
  return {
    format: 'Llama-Server-AuthKeys tokens',
    fields: verdicts.fields,
    keys,
    configuration: null,
    advice: ['Delete the database when the clients have moved: it holds every token in clear.'],
  };
}

function columnsOf(database: SqliteDatabase, table: string): Set<unknown> {
  return new Set(
    database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name),
  );
}

/** Whole numbers as wide as SQLite knows them are more than JavaScript can hold, and none of them is a time. */
function numberSafe(column: string): string {
  return `CASE typeof(${column}) WHEN 'integer' THEN CAST(${column} AS REAL) ELSE ${column} END AS ${column}`;
}

function judgeColumns({ taken, of }: { taken: number; of: number }, verdicts: Verdicts): void {
  verdicts.taken(
    'tokens.token',
    `${counted(taken, 'key')} of ${of}; only digests are kept, and clients keep their tokens`,
  );
  verdicts.taken('tokens.scope', '`infer` as infer, `write` as keys:read and keys:write, `revoke` as keys:revoke');
  verdicts.taken('tokens.created_at', 'as it is');
  verdicts.taken('tokens.expired_at', 'the second itself is still valid; NULL and 0 never end');
}

function keyOf(
  row: SqlRow,
  position: number,
  { field, now, verdicts }: { field: string; now: number; verdicts: Verdicts },
): ImportedKey | null {
  const { token, scope } = row;
  if (typeof token !== 'string' || token === '') {
    verdicts.refused(field, 'its token is no text');
    return null;
  }
  const parts = [...new Set(typeof scope === 'string' ? scope.split(':') : [])];
  const unknown = parts.filter((part) => !Object.hasOwn(SCOPES, part));
  if (unknown.length > 0 || parts.length === 0)
    verdicts.approximated(field, 'has a scope that is not known; imported disabled');
  const expiry = expiryOf(row['expired_at']);
  if (expiry === 'unclear') verdicts.approximated(field, 'its expiry is no number; imported disabled');
  const expiresAt = expiry === 'unclear' ? null : expiry;
  const isOver = expiresAt !== null && expiresAt <= now;
  if (isOver) verdicts.approximated(field, 'has expired; imported disabled');
  return {
    name: `authkeys-${position}`,
    owner: AUTHKEYS_OWNER,
    scopes: parts.flatMap((part) => (Object.hasOwn(SCOPES, part) ? (SCOPES[part] ?? []) : [])),
    models: [],
    labels: unknown.length === 0 && typeof scope === 'string' && scope.length <= 256 ? { [SCOPE_LABEL]: scope } : {},
    createdAt: secondsOf(row['created_at']),
    expiresAt,
    disabled: unknown.length > 0 || parts.length === 0 || expiry === 'unclear' || isOver,
    secret: { text: new Secret(token) },
  };
}

/** Our ends are exclusive, those of the original inclusive. Numbers in text are read as the original stored them. */
function expiryOf(value: unknown): number | null | 'unclear' {
  if (value === null || value === 0 || value === '') return null;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return 'unclear';
  return Math.min(Math.max(Math.trunc(number) + 1, 1), LATEST_SECOND);
}

function secondsOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LATEST_SECOND
    ? value
    : null;
}
