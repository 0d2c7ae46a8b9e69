import { SlotIndex, type PackedIndex } from './directory-index.js';
import { PolicyPool, type PackedPolicies } from './directory-policies.js';
import { KeyTable, NO_ROW, type PackedTable } from './directory-table.js';
import type { KeyPolicy } from './key.js';
import type { PackRow } from './packed.js';

const DIGEST_BYTES = 32;

/** All keys in a form that another thread takes over without copying (see `buffersOf`). */
export interface PackedRows {
  revision: number;
  size: number;
  /** Keys one of whose secrets has a slow hash. */
  slow: number;
  table: PackedTable;
  imported: PackedIndex;
  policies: PackedPolicies;
}

/** The keys themselves: table, policies and the index of imported secrets, changed together. */
export class KeyRows {
  readonly table: KeyTable;
  readonly #policies: PolicyPool;
  /** Imported secrets by digest: row times two, plus one for the previous secret. */
  readonly #imported: SlotIndex;
  /** What was loaded is complete up to here, so that nothing older can be news. */
  readonly #loadedRevision: number;
  #size: number;
  #slow: number;

  constructor(loaded: PackedRows | number) {
    const packed = typeof loaded === 'number' ? undefined : loaded;
    this.#loadedRevision = typeof loaded === 'number' ? loaded : loaded.revision;
    this.table = new KeyTable(packed?.table);
    this.#policies = packed === undefined ? new PolicyPool() : PolicyPool.unpack(packed.policies);
    this.#imported = new SlotIndex((entry) => this.table.digestHash(entry >> 1, slotOf(entry)), packed?.imported);
    this.#size = packed?.size ?? 0;
    this.#slow = packed?.slow ?? 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Keys one of whose secrets has a slow hash. */
  get slow(): number {
    return this.#slow;
  }

  policy(row: number): KeyPolicy {
    return this.#policies.at(this.table.policy(row));
  }

  /** Inserts or replaces a key unless what is held is newer. */
  apply(key: PackRow, revision: number): void {
    const previousBytes = key.previousDigest?.byteLength ?? DIGEST_BYTES;
    if (key.digest.byteLength !== DIGEST_BYTES || previousBytes !== DIGEST_BYTES)
      throw new Error('A digest has 32 bytes.');
    const row = this.table.findOrReserve(key.id, this.#loadedRevision);
    if (revision < this.table.revision(row)) return;
    const parent = key.parentId === null ? NO_ROW : this.table.findOrReserve(key.parentId, this.#loadedRevision);
    const policy = this.#policies.acquire(key.policy);
    this.#forget(row);
    this.table.write(row, key, { policy, parent, revision });
    this.#size += 1;
    if (this.table.isSlow(row)) this.#slow += 1;
    if (key.imported) this.#indexSecrets(row, key);
  }

  /** Forgets a key; it keeps its place for the keys derived from it. */
  remove(id: string, revision: number): void {
    const row = this.table.find(id);
    if (!this.table.isHeld(row)) return;
    this.#forget(row);
    this.table.markAbsent(row, revision);
  }

  /** The row of an imported secret, or `NO_ROW`. */
  findImported(digest: Uint8Array): number {
    const entry = this.#entryOf(digest, (found) => this.table.match(found >> 1, digest) === slotOf(found));
    return entry < 0 ? NO_ROW : entry >> 1;
  }

  pack(): PackedRows {
    return {
      revision: this.#loadedRevision,
      size: this.#size,
      slow: this.#slow,
      table: this.table.pack(),
      imported: this.#imported.pack(),
      policies: this.#policies.pack(),
    };
  }

  /** Takes a held row out of every count. */
  #forget(row: number): void {
    if (!this.table.isHeld(row)) return;
    this.#size -= 1;
    if (this.table.isSlow(row)) this.#slow -= 1;
    this.#policies.release(this.table.policy(row));
  }

  #indexSecrets(row: number, key: PackRow): void {
    this.#indexSecret(row * 2, key.digest);
    if (key.previousDigest !== null && this.table.previousExpiresAt(row) !== null) {
      this.#indexSecret(row * 2 + 1, key.previousDigest);
    }
  }

  #indexSecret(entry: number, digest: Uint8Array): void {
    if (this.#entryOf(digest, (found) => found === entry) < 0) this.#imported.add(firstWord(digest), entry);
  }

  /** The first indexed entry under this digest that `fits`, or -1. */
  #entryOf(digest: Uint8Array, fits: (entry: number) => boolean): number {
    let position = this.#imported.home(firstWord(digest));
    for (let entry = this.#imported.valueAt(position); entry >= 0; entry = this.#imported.valueAt(position)) {
      if (fits(entry)) return entry;
      position = this.#imported.next(position);
    }
    return -1;
  }
}

function slotOf(entry: number): 'current' | 'previous' {
  return (entry & 1) === 0 ? 'current' : 'previous';
}

/** As a word of the table reads these bytes. Copied, because a `Buffer` may be a piece of a larger one. */
function firstWord(digest: Uint8Array): number {
  return new Uint32Array(Uint8Array.from(digest.subarray(0, 4)).buffer)[0] ?? 0;
}
