import { Refusal } from '../../core/errors.js';

/** What went wrong, in words that callers can branch on. */
export type SqliteFault = 'busy' | 'full' | 'io' | 'readonly' | 'corrupt' | 'cannot_open' | 'duplicate';

/** Primary result codes of SQLite. */
const PRIMARY: Readonly<Record<number, SqliteFault>> = {
  5: 'busy',
  6: 'busy',
  8: 'readonly',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'cannot_open',
  26: 'corrupt',
};

const UNIQUE_CODES: ReadonlySet<number> = new Set([1555, 2067, 2579]);

/** The same faults when the file system reports them to us and not to SQLite. */
const SYSTEM: Readonly<Record<string, SqliteFault>> = {
  EACCES: 'readonly',
  EDQUOT: 'full',
  EIO: 'io',
  ENOENT: 'cannot_open',
  ENOSPC: 'full',
  ENOTDIR: 'cannot_open',
  EPERM: 'readonly',
  EROFS: 'readonly',
};

/** Names the fault of an error thrown by SQLite or the file system; null for everything else, our own mistakes included. */
export function sqliteFault(error: unknown): SqliteFault | null {
  const { errcode: code, code: name } = (error ?? {}) as { errcode?: unknown; code?: unknown };
  if (typeof code !== 'number') return typeof name === 'string' ? (SYSTEM[name] ?? null) : null;
  if (UNIQUE_CODES.has(code)) return 'duplicate';
  return PRIMARY[code & 0xff] ?? null;
}

const SENTENCES: Readonly<Record<SqliteFault, (path: string) => string>> = {
  busy: (path) => `The change was not made: another program holds a lock on ${path}. Close it and try again.`,
  full: (path) => `The change was not made: the disk under ${path} is full. Free some space and try again.`,
  io: (path) =>
    `The change was not made: the disk under ${path} reports an error. Look at the system log, and restore a backup if the file is damaged.`,
  readonly: (path) =>
    `The change was not made: ${path} is read-only. Give the user that runs Keyporter the right to write it.`,
  corrupt: (path) =>
    `The database ${path} is damaged, or is no database. It was left as it is: put it aside and run "keyporter restore" with a backup.`,
  cannot_open: (path) =>
    `The database ${path} cannot be opened. Check that it exists and that the user that runs Keyporter owns it.`,
  duplicate: () => 'The change does not fit the present state: there is already such a record.',
};

/** Turns an error of SQLite into a refusal that says what to do; anything else comes back as it is. */
export function storeRefusal(error: unknown, path: string): unknown {
  const fault = sqliteFault(error);
  if (fault === null) return error;
  const code = fault === 'duplicate' ? 'conflict' : 'store_unavailable';
  return new Refusal(code, {
    message: SENTENCES[fault](path),
    reason: `sqlite: ${(error as Error).message}`,
    cause: error,
  });
}
