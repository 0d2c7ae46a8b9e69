import { POSITIONS_PER_MS } from '../usage/journal-lines.js';
import type { LastUses } from '../usage/last-use-map.js';
import type { RefusalCount } from '../usage/refusal-sampler.js';
import type { SqliteDatabase, SqliteStatement, SqlValue } from './sqlite/driver.js';
import { sqliteFault } from './sqlite/faults.js';
import { COLUMN_NAMES, memberOf, type RequestTuple } from './usage-rows.js';

/** Where to look for a free position when the first one is taken: the second after the start. */
const CROWD = 1000 * POSITIONS_PER_MS;
/** The use of a key from an address is noted again after this time. */
const NOTED_AGAIN_MS = 60_000;
const MOST_NOTED = 50_000;

/** Writes to an open `usage.db`. Every method is one transaction. */
export class UsageWriter {
  readonly #database: SqliteDatabase;
  readonly #insert: SqliteStatement;
  readonly #lastBefore: SqliteStatement;
  readonly #noteUse: SqliteStatement;
  readonly #noteLastUse: SqliteStatement;
  readonly #noteRefusals: SqliteStatement;
  /** Uses noted lately, by key, address and model, so that most rows cost no second write. */
  readonly #noted = new Map<string, number>();
  #running = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    const places = COLUMN_NAMES.map(() => '?').join(', ');
    this.#insert = database.prepare(
      `INSERT OR IGNORE INTO requests (position, ${COLUMN_NAMES.join(', ')}) VALUES (?, ${places})`,
    );
    this.#lastBefore = database.prepare('SELECT max(position) AS last FROM requests WHERE position < ?');
    this.#noteUse = database.prepare(
      'INSERT INTO recent_use VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)',
    );
    this.#noteLastUse = database.prepare(
      `INSERT INTO last_use VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET
        current_at = max(current_at, excluded.current_at), previous_at = max(previous_at, excluded.previous_at)`,
    );
    this.#noteRefusals = database.prepare(
      `INSERT INTO refusals VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        refused = refused + excluded.refused, logged = logged + excluded.logged`,
    );
  }

  /** Answers how many rows were not fit to be written. */
  write(rows: readonly RequestTuple[]): number {
    try {
      return this.#database.transaction(() => {
        const written = rows.filter((row) => this.#writeRow(row));
        for (const row of written) this.#writeUse(row);
        return rows.length - written.length;
      });
    } catch (error) {
      this.#noted.clear();
      throw error;
    }
  }

  note(uses: LastUses | null, refusals: readonly RefusalCount[]): void {
    this.#database.transaction(() => {
      uses?.ids.forEach((id, at) => this.#noteLastUse.run(id, uses.current[at], uses.previous[at]));
      for (const { minute, code, refused, logged } of refusals) this.#noteRefusals.run(minute, code, refused, logged);
    });
  }

  /** A row with values that no column takes must not hold up those behind it. */
  #writeRow(row: RequestTuple): boolean {
    try {
      return this.#insertAtFreePosition(row);
    } catch (error) {
      if (sqliteFault(error) !== null) throw error;
      return false;
    }
  }

  #insertAtFreePosition(row: RequestTuple): boolean {
    const start = Math.trunc(Number(memberOf(row, 'startedAtMs'))) * POSITIONS_PER_MS;
    if (!Number.isSafeInteger(start + CROWD)) return false;
    this.#running = (this.#running + 1) % POSITIONS_PER_MS;
    if (this.#insert.run(start + this.#running, ...row).changes === 1) return true;
    const last = this.#lastBefore.get(start + CROWD)?.['last'];
    return this.#insert.run(Number(last) + 1, ...row).changes === 1;
  }

  #writeUse(row: RequestTuple): void {
    const keyId = memberOf(row, 'keyId');
    const atMs = memberOf(row, 'startedAtMs');
    if (typeof keyId !== 'string' || typeof atMs !== 'number') return;
    const use: SqlValue[] = [keyId, String(memberOf(row, 'address')), String(memberOf(row, 'model') ?? '')];
    const name = use.join('\n');
    if (Math.abs(atMs - (this.#noted.get(name) ?? -Infinity)) < NOTED_AGAIN_MS) return;
    if (this.#noted.size >= MOST_NOTED) this.#noted.clear();
    this.#noted.set(name, atMs);
    this.#noteUse.run(...use, Math.trunc(atMs));
  }
}
