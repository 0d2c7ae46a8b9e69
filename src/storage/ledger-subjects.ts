import type { SqliteDatabase, SqliteStatement } from './sqlite/driver.js';

const MOST_KNOWN = 50_000;

/** Who asked for what, and how. */
export interface Subject {
  callerId: string;
  owner: string | null;
  model: string;
  path: string;
}

/** A subject with its number in the tables. */
export interface KnownSubject {
  id: number;
  lastDay: number;
}

/** The numbers that stand for subjects in the ledger. Called inside a transaction; `forget` after one that failed. */
export class LedgerSubjects {
  readonly #find: SqliteStatement;
  readonly #insert: SqliteStatement;
  readonly #noteDay: SqliteStatement;
  readonly #known = new Map<string, KnownSubject>();

  constructor(database: SqliteDatabase) {
    this.#find = database.prepare(
      'SELECT id, last_day FROM ledger_subjects WHERE caller_id = ? AND model = ? AND path = ? AND owner IS ?',
    );
    this.#insert = database.prepare(
      'INSERT INTO ledger_subjects (caller_id, owner, model, path, last_day) VALUES (?, ?, ?, ?, ?)',
    );
    this.#noteDay = database.prepare('UPDATE ledger_subjects SET last_day = ? WHERE id = ?');
  }

  /** Finds a subject, or makes it known as used on `day`. */
  find(subject: Subject, day: number): KnownSubject {
    const name = JSON.stringify([subject.callerId, subject.owner, subject.model, subject.path]);
    return this.#known.get(name) ?? this.#load(subject, name, day);
  }

  /** Notes that a subject is used on `day`, so that it is kept as long as that day is. */
  noteDay(known: KnownSubject, day: number): void {
    if (day <= known.lastDay) return;
    this.#noteDay.run(day, known.id);
    known.lastDay = day;
  }

  /** What is in memory may not be in the table. */
  forget(): void {
    this.#known.clear();
  }

  #load({ callerId, owner, model, path }: Subject, name: string, day: number): KnownSubject {
    const found = this.#find.get(callerId, model, path, owner);
    const subject =
      found === undefined
        ? { id: Number(this.#insert.run(callerId, owner, model, path, day).lastInsertRowid), lastDay: day }
        : { id: Number(found['id']), lastDay: Number(found['last_day']) };
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(name, subject);
    return subject;
  }
}
