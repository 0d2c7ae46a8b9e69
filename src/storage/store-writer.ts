import type { Clock } from '../core/clock.js';
import type { Feed } from './feed.js';
import { revokeKey } from './key-changes.js';
import { aliveAmong } from './key-queries.js';
import type { MemoryEvent } from './memory-event.js';
import type { RevokedLog } from './revoked-log.js';
import type { RevokedRecord } from './revoked-record.js';
import { sqliteQueries as db } from './schema.js';
import type { Executor } from './sqlite/executor.js';
import { sqliteFault, storeRefusal } from './sqlite/faults.js';

/** A change waits this long for another program to let go of the database, then it is refused. */
const PATIENCE_MS = 5000;
/** A revocation that is in the list already stands; its answer waits no longer than this for the database. */
const REVOKED_PATIENCE_MS = 250;
const RETRY_MS = 25;
const CATCH_UP_MS = 1000;

export interface StoreWriterParts {
  executor: Executor;
  feed: Feed;
  log: RevokedLog;
  clock: Clock;
  emit: (event: MemoryEvent) => void;
}

/**
 * All writing to the key database. Every transaction begins by bringing the database in line with the
 * list of revocations, so that no change is ever planned over a key that is revoked there.
 */
export class StoreWriter {
  readonly #parts: StoreWriterParts;
  /** Revocations that stand in the list (or are being made) and not yet in the database. */
  readonly #owed = new Map<string, RevokedRecord>();
  readonly #stop: () => void;
  #behind = false;

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
    this.#stop = parts.clock.every(CATCH_UP_MS, () => void this.catchUp());
  }

  isRevoked(id: string): boolean {
    return this.#owed.has(id) || this.#parts.log.has(id);
  }

  /** The revocation of a key that the database does not show yet. */
  owed(id: string): RevokedRecord | undefined {
    return this.#owed.get(id);
  }

  /** Runs `work` in one transaction; when it returns, the change is durable and memory was told. */
  async write<T>(work: () => T, patienceMs = PATIENCE_MS): Promise<T> {
    const { executor, clock, feed } = this.#parts;
    const deadlineMs = clock.monotonic() + patienceMs;
    for (;;) {
      try {
        const { result, settled } = executor.database.transaction(() => ({ settled: this.#settle(), result: work() }));
        for (const id of settled) this.#owed.delete(id);
        feed.catchUp();
        return result;
      } catch (error) {
        if (sqliteFault(error) !== 'busy' || clock.monotonic() >= deadlineMs)
          throw storeRefusal(error, executor.database.path);
      }
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
  }

  /** Ends keys for good. Holds as soon as either the list or the database has it; throws when neither takes it. */
  async revoke(records: readonly RevokedRecord[]): Promise<void> {
    const ids = records.map((record) => record.id);
    const listed = this.#list(records);
    for (const record of records) this.#owed.set(record.id, record);
    if (listed) this.#parts.feed.tellRevoked(ids);
    try {
      await this.write(() => undefined, listed ? REVOKED_PATIENCE_MS : PATIENCE_MS);
    } catch (error) {
      if (listed) return this.#fallBehind(error);
      for (const id of ids) this.#owed.delete(id);
      throw error;
    }
  }

  /** Owes the database what the list says, and the list what the database says. To be called once, after opening. */
  align(): void {
    const { executor, log } = this.#parts;
    const records = [...log.records()];
    const alive = new Set(executor.all(aliveAmong(records.map((record) => record.id))).map((key) => key.id));
    for (const record of records) if (alive.has(record.id)) this.#owed.set(record.id, record);
    const revoked = db.selectFrom('keys').select(['id', 'revoked_at', 'revoke_reason']).where('state', '=', 'revoked');
    const unlisted = executor.all(revoked).filter((key) => !log.has(key.id));
    const fromDatabase = { actor: 'store', address: null, requestId: null };
    this.#list(
      unlisted.map((key) => ({ id: key.id, at: key.revoked_at ?? 0, reason: key.revoke_reason, ...fromDatabase })),
    );
  }

  /** Writes what the database still owes, if anything. Failures are told once and tried again. */
  async catchUp(): Promise<void> {
    if (this.#owed.size === 0) return;
    try {
      await this.write(() => undefined, 0);
      if (this.#behind)
        this.#parts.emit({
          kind: 'warning',
          sentence: 'The database takes changes again and has every revocation.',
          data: {},
        });
      this.#behind = false;
    } catch (error) {
      this.#fallBehind(error);
    }
  }

  close(): void {
    this.#stop();
  }

  #settle(): string[] {
    const { executor } = this.#parts;
    for (const record of this.#owed.values()) {
      const { id, at, reason, actor, address, requestId } = record;
      revokeKey(executor, { id, reason }, { at, actor: { id: actor, address, requestId } });
    }
    return [...this.#owed.keys()];
  }

  /** False when the list could not be written; the operator is told. */
  #list(records: readonly RevokedRecord[]): boolean {
    try {
      this.#parts.log.append(records);
      return true;
    } catch (error) {
      const sentence =
        'The list of revoked keys cannot be written. Revocations hold only as long as the database is not replaced by a backup.';
      this.#parts.emit({ kind: 'warning', sentence, data: { fault: String(error) } });
      return false;
    }
  }

  #fallBehind(error: unknown): void {
    if (this.#behind) return;
    this.#behind = true;
    const sentence =
      'The database cannot be written now. Revocations hold through the list of revoked keys; the database follows when it can.';
    this.#parts.emit({
      kind: 'warning',
      sentence,
      data: { fault: error instanceof Error ? error.message : String(error) },
    });
  }
}
