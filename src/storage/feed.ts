import type { KeyPolicy } from '../keys/key.js';
import type { PackRow } from '../keys/packed.js';
import { packKeys, type OwnerState, type PackedKeys } from '../keys/directory.js';
import { everyKey } from './key-load.js';
import { blockedCallers } from './blocked-callers.js';
import { SELECT_DIGESTS } from './key-queries.js';
import { BadRow, packRow, policyOf, type DigestRow, type PolicyRow } from './key-rows.js';
import type { MemoryEvent } from './memory-event.js';
import { readMeta } from './meta-queries.js';
import { knownOwner } from './owner-changes.js';
import { sqliteQueries as db, type OwnerTable } from './schema.js';
import type { SqliteStatement } from './sqlite/driver.js';
import type { Executor } from './sqlite/executor.js';

/** Policies kept while loading, by the text of their columns; most keys share one of a few. */
const MOST_SHARED_POLICIES = 10_000;

/** Feeds memory: everything once at the start, then what the list of changes adds. */
export class Feed {
  readonly #executor: Executor;
  readonly #emit: (event: MemoryEvent) => void;
  readonly #isRevoked: (id: string) => boolean;
  readonly #selectOne: SqliteStatement;
  #revision: number;

  constructor(executor: Executor, emit: (event: MemoryEvent) => void, isRevoked: (id: string) => boolean) {
    this.#executor = executor;
    this.#emit = emit;
    this.#isRevoked = isRevoked;
    this.#revision = readMeta(executor).revision;
    this.#selectOne = executor.database.prepare(SELECT_DIGESTS);
  }

  /** All keys as memory takes them over. A row that cannot be read leaves out its key alone, with a warning. */
  load(): PackedKeys {
    this.#revision = readMeta(this.#executor).revision;
    const keys = this.#readable(everyKey(this.#executor.database));
    const packed = packKeys(keys, this.#changedOwners(), this.#revision);
    return { ...packed, blockedCallers: this.#executor.all(blockedCallers()).map(({ id }) => id) };
  }

  /** Tells memory what changed since it was last told. */
  catchUp(): void {
    const changes = db.selectFrom('changes').selectAll().where('revision', '>', this.#revision).orderBy('revision');
    for (const { revision, kind, id } of this.#executor.all(changes)) {
      if (kind === 'key') this.#tellKey(id, revision);
      else if (kind === 'caller')
        this.#emit({ kind: 'caller', revision, id, blocked: this.#executor.get(blockedCallers(id)) !== undefined });
      else this.#tellOwner(id, revision);
      this.#revision = revision;
    }
  }

  /** Tells memory about keys whose revocation stands, whether the database has it yet or not. */
  tellRevoked(ids: readonly string[]): void {
    for (const id of ids) this.#tellKey(id, this.#revision);
  }

  #tellKey(id: string, revision: number): void {
    const row = this.#selectOne.get(id) as DigestRow | undefined;
    const packed = row === undefined ? null : this.#packed(row, policyOf);
    if (packed === null) this.#emit({ kind: 'forget', id });
    else this.#emit({ kind: 'key', revision, row: packed });
  }

  #tellOwner(name: string, revision: number): void {
    const row = this.#executor.get(db.selectFrom('owners').selectAll().where('name', '=', name));
    const owner = row === undefined ? { name, disabled: false, limits: {} } : this.#owner(row);
    this.#emit({ kind: 'owner', revision, owner });
  }

  *#readable(rows: Iterable<DigestRow>): Generator<PackRow> {
    const policies = sharedPolicies();
    for (const row of rows) {
      const packed = this.#packed(row, policies);
      if (packed !== null) yield packed;
    }
  }

  #packed(row: DigestRow, policies: (row: PolicyRow) => KeyPolicy): PackRow | null {
    try {
      const packed = packRow(row, policies);
      return this.#isRevoked(packed.id) ? { ...packed, state: 'revoked' } : packed;
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      const sentence = 'A damaged record is denied; all other keys work. Revoke it and make a new key.';
      this.#emit({ kind: 'warning', sentence, data: { key: String(row.id), fault: error.message } });
      return null;
    }
  }

  #changedOwners(): OwnerState[] {
    return this.#executor.all(db.selectFrom('owners').selectAll()).map((row) => this.#owner(row));
  }

  #owner(row: OwnerTable): OwnerState {
    const { disabled, limits, fault } = knownOwner(row);
    const sentence = 'A damaged record of an owner: its keys are off. `keyporter owners set` writes its limits anew.';
    if (fault !== null) this.#emit({ kind: 'warning', sentence, data: { owner: row.name, fault } });
    return { name: row.name, disabled, limits };
  }
}

/** Reads a policy once for all rows that spell it alike. */
function sharedPolicies(): (row: PolicyRow) => KeyPolicy {
  const known = new Map<string, KeyPolicy>();
  return (row) => {
    const text = `${row.owner}\n${row.scopes}\n${row.models}\n${row.allow_ips}\n${row.limits}\n${row.attributes}`;
    const found = known.get(text);
    if (found !== undefined) return found;
    const policy = policyOf(row);
    if (known.size < MOST_SHARED_POLICIES) known.set(text, policy);
    return policy;
  };
}
