import { AT, CERTAINTIES, FIGURES, POSITIONS_PER_MS, STAGE, timeOf, type LineColumns } from '../usage/journal-lines.js';
import { DAY_MS, HOUR_MS, LedgerSums } from './ledger-sums.js';
import { LedgerSubjects, type KnownSubject, type Subject } from './ledger-subjects.js';
import type { SqliteDatabase, SqliteStatement, SqlRow } from './sqlite/driver.js';

/** What a start says of a request that a crash left open. */
const ORPHAN = { status: 499, code: 'orphaned' } as const;
const FIRST_FAILURE = 400;
const ESTIMATED = CERTAINTIES.indexOf('estimated');
/** Far above anything real, and low enough that sums of them stay exact. */
const MOST_TOKENS = 1e12;
const MOST_MICROSECONDS = 1e13;

/** One settled request as the table has it; times in whole microseconds. */
interface SettledRow {
  position: number;
  requestId: string;
  streamed: number;
  reservedInput: number;
  reservedOutput: number;
  input: number;
  output: number;
  cached: number | null;
  certainty: number;
  gpuUs: number;
  gpuReported: number;
  status: number;
  code: string | null;
  queuedUs: number;
  firstByteUs: number | null;
  durationUs: number;
}

/** Writes the ledger with its sums. Every method is one transaction, and the same lines can be written again. */
export class LedgerWriter {
  readonly #database: SqliteDatabase;
  readonly #run: number;
  readonly #subjects: LedgerSubjects;
  readonly #sums: LedgerSums;
  readonly #insert: SqliteStatement;
  readonly #requestAt: SqliteStatement;
  readonly #open: SqliteStatement;
  readonly #close: SqliteStatement;

  /** `run` names this process among those that wrote before. */
  constructor(database: SqliteDatabase, run: number) {
    this.#database = database;
    this.#run = run;
    this.#subjects = new LedgerSubjects(database);
    this.#sums = new LedgerSums(database);
    this.#insert = database.prepare(`INSERT OR IGNORE INTO ledger VALUES (${'?, '.repeat(16)}?)`);
    this.#requestAt = database.prepare('SELECT request_id FROM ledger WHERE position = ?');
    this.#open = database.prepare(
      `INSERT INTO ledger_open VALUES (${'?, '.repeat(9)}?)
        ON CONFLICT DO UPDATE SET reserved_output = excluded.reserved_output`,
    );
    this.#close = database.prepare('DELETE FROM ledger_open WHERE position = ? AND request_id = ?');
  }

  /** Answers how many lines were not fit to be written. */
  write(lines: LineColumns): number {
    return this.#transaction(() => {
      const subjects = new Map<number, KnownSubject>();
      const unfit = lines.requestIds.filter((_, line) => !this.#writeLine(lines, line, subjects));
      return unfit.length;
    });
  }

  /** Settles what other runs left open, as it was reserved: nobody knows what it came to. Answers how many there were. */
  settleOrphans(): number {
    const orphans = this.#database.prepare('SELECT * FROM ledger_open WHERE run <> ?').all(this.#run);
    if (orphans.length === 0) return 0;
    return this.#transaction(() => {
      for (const orphan of orphans) {
        const row = orphanRow(orphan);
        this.#settle(row, this.#subjects.find(subjectOf(orphan), dayOf(row.position)));
      }
      return this.#database.prepare('DELETE FROM ledger_open WHERE run <> ?').run(this.#run).changes;
    });
  }

  /** Subjects may be gone from the table. */
  forgetSubjects(): void {
    this.#subjects.forget();
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(() => {
        const result = work();
        this.#sums.write();
        return result;
      });
    } catch (error) {
      this.#sums.forget();
      this.#subjects.forget();
      throw error;
    }
  }

  #writeLine(lines: LineColumns, line: number, subjects: Map<number, KnownSubject>): boolean {
    const row = rowOfLine(lines, line);
    if (!Number.isSafeInteger(row.position) || row.position < 0) return false;
    const stage = lines.figures[line * FIGURES + AT.stage];
    if (stage === STAGE.open) {
      this.#note(row, subjectOfLine(lines, line));
      return true;
    }
    if (stage === STAGE.settled) this.#close.run(row.position, row.requestId);
    const name = subjectName(lines, line);
    const subject = subjects.get(name) ?? this.#subjects.find(subjectOfLine(lines, line), dayOf(row.position));
    subjects.set(name, subject);
    this.#settle(row, subject);
    return true;
  }

  #note(row: SettledRow, { callerId, owner, model, path }: Subject): void {
    const { position, requestId, streamed, reservedInput, reservedOutput } = row;
    const subject = [callerId, owner, model, path];
    this.#open.run(position, requestId, this.#run, ...subject, streamed, reservedInput, reservedOutput);
  }

  /** Counts a request once: one that is in the ledger already changes nothing. */
  #settle(row: SettledRow, known: KnownSubject): void {
    const position = this.#insertOnce(row, known.id);
    if (position === null) return;
    this.#subjects.noteDay(known, dayOf(position));
    const hour = Math.floor(timeOf(position) / HOUR_MS);
    const isFailed = row.status >= FIRST_FAILURE || row.code !== null;
    this.#sums.add(hour, known.id, [
      1,
      isFailed ? 1 : 0,
      row.input,
      row.output,
      row.cached ?? 0,
      row.certainty === ESTIMATED ? 1 : 0,
      row.gpuUs,
      row.gpuReported === 1 ? 0 : row.gpuUs,
      row.durationUs,
      row.queuedUs,
    ]);
  }

  /**
   * Answers the position, null when the request is there already. Another request is at its position only
   * after the clock was set back or stood still; then the same place of the next millisecond is tried.
   */
  #insertOnce(row: SettledRow, subject: number): number | null {
    const { requestId, streamed, reservedInput, reservedOutput, input, output, cached, certainty } = row;
    const tokens = [reservedInput, reservedOutput, input, output, cached, certainty];
    const rest = [row.gpuUs, row.gpuReported, row.status, row.code, row.queuedUs, row.firstByteUs, row.durationUs];
    for (let { position } = row; ; position += POSITIONS_PER_MS) {
      const { changes } = this.#insert.run(position, requestId, subject, streamed, ...tokens, ...rest);
      if (changes === 1) return position;
      if (this.#requestAt.get(position)?.['request_id'] === requestId) return null;
    }
  }
}

function rowOfLine({ words, requestIds, figures }: LineColumns, line: number): SettledRow {
  const at = line * FIGURES;
  const figure = (place: number): number => figures[at + place] ?? 0;
  const tokens = (place: number): number => whole(figure(place), MOST_TOKENS);
  const microseconds = (value: number): number => whole(value, MOST_MICROSECONDS);
  return {
    position: figure(AT.position),
    requestId: requestIds[line] ?? '',
    streamed: figure(AT.streamed),
    reservedInput: tokens(AT.reservedInput),
    reservedOutput: tokens(AT.reservedOutput),
    input: tokens(AT.input),
    output: tokens(AT.output),
    cached: Number.isNaN(figure(AT.cached)) ? null : tokens(AT.cached),
    certainty: whole(figure(AT.certainty), ESTIMATED),
    gpuUs: microseconds(figure(AT.gpuSeconds) * 1e6),
    gpuReported: figure(AT.gpuReported),
    status: whole(figure(AT.status), 999),
    code: words[figure(AT.code)] ?? null,
    queuedUs: microseconds(figure(AT.queuedMs) * 1000),
    firstByteUs: Number.isNaN(figure(AT.firstByteMs)) ? null : microseconds(figure(AT.firstByteMs) * 1000),
    durationUs: microseconds(figure(AT.durationMs) * 1000),
  };
}

function subjectOfLine({ words, figures }: LineColumns, line: number): Subject {
  const word = (place: number): string | null => words[figures[line * FIGURES + place] ?? -1] ?? null;
  return {
    callerId: word(AT.caller) ?? '',
    owner: word(AT.owner),
    model: word(AT.model) ?? '',
    path: word(AT.path) ?? '',
  };
}

/** One number for the four words of a subject, within its group. */
function subjectName({ words, figures }: LineColumns, line: number): number {
  const places = [AT.caller, AT.owner, AT.model, AT.path];
  return places.reduce((name, place) => name * (words.length + 1) + (figures[line * FIGURES + place] ?? 0) + 1, 0);
}

function dayOf(position: number): number {
  return Math.floor(timeOf(position) / DAY_MS);
}

function orphanRow(stored: SqlRow): SettledRow {
  const number = (column: string): number => Number(stored[column] ?? 0);
  const reservedInput = number('reserved_input');
  const reservedOutput = number('reserved_output');
  return {
    position: number('position'),
    requestId: String(stored['request_id']),
    streamed: number('streamed'),
    reservedInput,
    reservedOutput,
    input: reservedInput,
    output: reservedOutput,
    cached: null,
    certainty: ESTIMATED,
    gpuUs: 0,
    gpuReported: 0,
    ...ORPHAN,
    queuedUs: 0,
    firstByteUs: null,
    durationUs: 0,
  };
}

function subjectOf(stored: SqlRow): Subject {
  const text = (column: string): string => String(stored[column] ?? '');
  const owner = stored['owner'] === null ? null : text('owner');
  return { callerId: text('caller_id'), owner, model: text('model'), path: text('path') };
}

/** A whole number from 0 to `most`; what is none, such as NaN of a faulty engine, is 0. */
function whole(value: number, most: number): number {
  return value > 0 ? Math.round(Math.min(value, most)) : 0;
}
