import { SUM_COLUMNS } from './ledger-schema.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite/driver.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const HOURS_PER_DAY = 24;

/** What one request adds, in the order of `SUM_COLUMNS`. */
export type Addends = readonly number[];

interface PeriodSums {
  period: number;
  subject: number;
  sums: number[];
}

/** Adds up what one transaction writes, so that every sum is touched once. */
export class LedgerSums {
  readonly #addToHour: SqliteStatement;
  readonly #addToDay: SqliteStatement;
  readonly #hours = new Map<number, Map<number, number[]>>();

  constructor(database: SqliteDatabase) {
    this.#addToHour = database.prepare(upsert('ledger_hours'));
    this.#addToDay = database.prepare(upsert('ledger_days'));
  }

  add(hour: number, subject: number, addends: Addends): void {
    const ofHour = this.#hours.get(hour) ?? new Map<number, number[]>();
    this.#hours.set(hour, ofHour);
    addTo(ofHour, subject, addends);
  }

  /** Writes what was added; inside the transaction that wrote the rows. */
  write(): void {
    const days = new Map<number, Map<number, number[]>>();
    for (const [hour, subjects] of this.#hours) {
      const day = Math.floor(hour / HOURS_PER_DAY);
      const ofDay = days.get(day) ?? new Map<number, number[]>();
      days.set(day, ofDay);
      for (const [subject, sums] of subjects) addTo(ofDay, subject, sums);
    }
    for (const { period, subject, sums } of flat(this.#hours)) this.#addToHour.run(period, subject, ...sums);
    for (const { period, subject, sums } of flat(days)) this.#addToDay.run(period, subject, ...sums);
    this.#hours.clear();
  }

  /** Drops what was added: its transaction failed. */
  forget(): void {
    this.#hours.clear();
  }
}

function addTo(sums: Map<number, number[]>, subject: number, addends: Addends): void {
  const present = sums.get(subject);
  if (present === undefined) sums.set(subject, [...addends]);
  else addends.forEach((addend, at) => (present[at] = (present[at] ?? 0) + addend));
}

function* flat(periods: Map<number, Map<number, number[]>>): Iterable<PeriodSums> {
  for (const [period, subjects] of periods) for (const [subject, sums] of subjects) yield { period, subject, sums };
}

function upsert(table: string): string {
  const places = SUM_COLUMNS.map(() => '?').join(', ');
  const added = SUM_COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(', ');
  return `INSERT INTO ${table} VALUES (?, ?, ${places}) ON CONFLICT DO UPDATE SET ${added}`;
}
