/** What a table of sums adds up, in the order of its columns. */
export const SUM_COLUMNS = [
  'requests',
  'failed',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'estimated',
  'gpu_us',
  'gpu_us_estimated',
  'duration_us',
  'queued_us',
] as const;

/** As the migration makes them: never changed once released. */
const SUMS = `
  requests INTEGER NOT NULL, failed INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL, gpu_us INTEGER NOT NULL,
  gpu_us_estimated INTEGER NOT NULL, duration_us INTEGER NOT NULL, queued_us INTEGER NOT NULL`;

/**
 * The books. `ledger` has the settled requests in the order of their positions, `ledger_open` those that
 * are admitted and not settled, which a start settles when another run left them. `run` names the process.
 * A subject is who asked for what, and how. Times of work are whole microseconds, so that sums are exact.
 * Sums lie in the order of time first: what is written together lies together, and what is old goes together.
 */
export const LEDGER_TABLES = `
  CREATE TABLE ledger_subjects (
    id INTEGER PRIMARY KEY,
    caller_id TEXT NOT NULL, owner TEXT, model TEXT NOT NULL, path TEXT NOT NULL, last_day INTEGER NOT NULL
  );
  CREATE INDEX ledger_subjects_by_caller ON ledger_subjects (caller_id, model, path);
  CREATE TABLE ledger (
    position INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL, subject INTEGER NOT NULL, streamed INTEGER NOT NULL,
    reserved_input INTEGER NOT NULL, reserved_output INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER,
    certainty INTEGER NOT NULL, gpu_us INTEGER NOT NULL, gpu_reported INTEGER NOT NULL,
    status INTEGER NOT NULL, code TEXT, queued_us INTEGER NOT NULL, first_byte_us INTEGER,
    duration_us INTEGER NOT NULL
  );
  CREATE TABLE ledger_open (
    position INTEGER NOT NULL, request_id TEXT NOT NULL, run INTEGER NOT NULL,
    caller_id TEXT NOT NULL, owner TEXT, model TEXT NOT NULL, path TEXT NOT NULL, streamed INTEGER NOT NULL,
    reserved_input INTEGER NOT NULL, reserved_output INTEGER NOT NULL,
    PRIMARY KEY (position, request_id)
  ) WITHOUT ROWID;
  CREATE TABLE ledger_hours (
    hour INTEGER NOT NULL, subject INTEGER NOT NULL, ${SUMS}, PRIMARY KEY (hour, subject)
  ) WITHOUT ROWID;
  CREATE TABLE ledger_days (
    day INTEGER NOT NULL, subject INTEGER NOT NULL, ${SUMS}, PRIMARY KEY (day, subject)
  ) WITHOUT ROWID;`;
