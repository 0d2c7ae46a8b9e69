import { randomFillSync, timingSafeEqual } from 'node:crypto';
import { ID_LENGTH, hashOf, idText, idWord } from './directory-id.js';
import { SlotIndex, type PackedIndex } from './directory-index.js';
import { PreviousSecrets, type PackedPrevious } from './directory-previous.js';
import { isKeyId } from './format.js';
import type { KeyState } from './key.js';
import type { PackRow } from './packed.js';

/**
 * A row is 16 words of 32 bits, 64 bytes: what one look-up reads lies together, so that its cost does
 * not grow with the number of keys.
 */
const ROW_WORDS = 16;
const ID = 0; // 3 words, 4 characters each
const POLICY = 3;
const PARENT = 4; // row of the parent plus one, 0 = none
const PREVIOUS = 5; // entry of the previous secret plus one, 0 = none
const EXPIRY_LOW = 6;
const EXPIRY_HIGH_AND_FLAGS = 7; // 16 bits each
const DIGEST = 8; // 8 words

const DIGEST_BYTES = 32;
const NEVER = 2 ** 48 - 1;
const STATES = ['active', 'disabled', 'revoked'] as const;
/** State of a row that stands for a key named as a parent but not held itself. */
const ABSENT = 3;
const STATE_BITS = 3;
const IMPORTED_BIT = 4;
const SLOW_BIT = 8;
const FEWEST_ROWS = 16;

/** "There is no such row." */
export const NO_ROW = -1;

/** The table as it travels between threads. */
export interface PackedTable {
  count: number;
  words: Uint32Array<ArrayBuffer>;
  revisions: Float64Array<ArrayBuffer>;
  ids: PackedIndex;
  previous: PackedPrevious;
}

/** All keys as rows of numbers. Rows are never taken away, at most marked absent. */
export class KeyTable {
  #words: Uint32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Revision each row was last written at; apart, since no look-up reads it. */
  #revisions: Float64Array<ArrayBuffer>;
  #count: number;
  readonly #ids: SlotIndex;
  readonly #previous: PreviousSecrets;
  /** Digests are copied here to be compared, so that a look-up allocates nothing. */
  readonly #candidate = new Uint32Array(DIGEST_BYTES / 4);
  /** Compared with when there is nothing to compare with, so that this takes the same time. */
  readonly #nobody = randomFillSync(new Uint32Array(DIGEST_BYTES / 4));

  constructor(packed?: PackedTable) {
    this.#words = packed?.words ?? new Uint32Array(FEWEST_ROWS * ROW_WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#revisions = packed?.revisions ?? new Float64Array(FEWEST_ROWS);
    this.#count = packed?.count ?? 0;
    this.#ids = new SlotIndex((row) => this.#hashOfRow(row), packed?.ids);
    this.#previous = new PreviousSecrets(packed?.previous);
  }

  /** The row of this id, absent ones included, or `NO_ROW`. */
  find(id: string): number {
    if (id.length !== ID_LENGTH) return NO_ROW;
    const first = idWord(id, 0);
    const second = idWord(id, 4);
    const third = idWord(id, 8);
    let position = this.#ids.home(hashOf(first, second, third));
    for (let row = this.#ids.valueAt(position); row >= 0; row = this.#ids.valueAt(position)) {
      const at = row * ROW_WORDS + ID;
      if (this.#words[at] === first && this.#words[at + 1] === second && this.#words[at + 2] === third) return row;
      position = this.#ids.next(position);
    }
    return NO_ROW;
  }

  /** Rows in use, held or not: 0 to this number, exclusive. */
  get rows(): number {
    return this.#count;
  }

  /** The row of this id; a new one, absent and of the given revision, if there was none. */
  findOrReserve(id: string, revision: number): number {
    const found = this.find(id);
    if (found !== NO_ROW) return found;
    if (!isKeyId(id)) throw new Error('A key id has 12 letters and digits.');
    const row = this.#count;
    if (row === this.#revisions.length) this.#enlarge();
    this.#count += 1;
    const at = row * ROW_WORDS;
    for (let word = 0; word < 3; word++) this.#words[at + ID + word] = idWord(id, word * 4);
    this.#setFlags(row, ABSENT);
    this.#revisions[row] = revision;
    this.#ids.add(this.#hashOfRow(row), row);
    return row;
  }

  /** Writes everything but the id, digests of 32 bytes. `parent` is a row or `NO_ROW`. */
  write(row: number, key: PackRow, place: { policy: number; parent: number; revision: number }): void {
    const at = row * ROW_WORDS;
    this.#words[at + POLICY] = place.policy;
    this.#words[at + PARENT] = place.parent + 1;
    const slow = key.verifier === 'scrypt' ? SLOW_BIT : 0;
    this.#setFlags(row, STATES.indexOf(key.state) | (key.imported ? IMPORTED_BIT : 0) | slow);
    this.#setExpiry(row, key.expiresAt);
    this.#bytes.set(key.digest, (at + DIGEST) * 4);
    const entry = (this.#words[at + PREVIOUS] ?? 0) - 1;
    this.#words[at + PREVIOUS] = this.#previous.put(entry, key.previousDigest, key.previousExpiresAt) + 1;
    this.#revisions[row] = place.revision;
  }

  /** Marks a row as not held. It keeps its place, since children may name it. */
  markAbsent(row: number, revision: number): void {
    this.#words[row * ROW_WORDS + PARENT] = 0;
    this.#setFlags(row, ABSENT);
    this.#revisions[row] = revision;
  }

  isHeld(row: number): boolean {
    return row !== NO_ROW && (this.#flags(row) & STATE_BITS) !== ABSENT;
  }

  isImported(row: number): boolean {
    return this.isHeld(row) && (this.#flags(row) & IMPORTED_BIT) !== 0;
  }

  /** True when one of the secrets is known by its slow hash only. */
  isSlow(row: number): boolean {
    return this.isHeld(row) && (this.#flags(row) & SLOW_BIT) !== 0;
  }

  state(row: number): KeyState {
    return STATES[this.#flags(row) & STATE_BITS] ?? 'revoked';
  }

  policy(row: number): number {
    return this.#words[row * ROW_WORDS + POLICY] ?? 0;
  }

  parent(row: number): number {
    return (this.#words[row * ROW_WORDS + PARENT] ?? 0) - 1;
  }

  revision(row: number): number {
    return this.#revisions[row] ?? 0;
  }

  /** Unix seconds, exclusive; null = never. */
  expiresAt(row: number): number | null {
    const high = (this.#words[row * ROW_WORDS + EXPIRY_HIGH_AND_FLAGS] ?? 0) >>> 16;
    const seconds = high * 2 ** 32 + (this.#words[row * ROW_WORDS + EXPIRY_LOW] ?? 0);
    return seconds === NEVER ? null : seconds;
  }

  /** When the secret before the last rotation ends; null = there is none that still could work. */
  previousExpiresAt(row: number): number | null {
    return this.#previous.expiresAt(this.#previousEntry(row));
  }

  id(row: number): string {
    const at = row * ROW_WORDS + ID;
    return idText(this.#words[at] ?? 0) + idText(this.#words[at + 1] ?? 0) + idText(this.#words[at + 2] ?? 0);
  }

  /**
   * Compares a digest with both secrets of a row. `NO_ROW` matches nothing. Takes the same time
   * whichever it is and however much of it fits.
   */
  match(row: number, digest: Uint8Array): 'current' | 'previous' | null {
    this.#candidate.set(this.#nobody);
    if (this.isHeld(row)) this.#load(this.#words, row * ROW_WORDS + DIGEST);
    const isCurrent = timingSafeEqual(this.#candidate, digest);
    this.#candidate.set(this.#nobody);
    const entry = this.isHeld(row) ? this.#previousEntry(row) : NO_ROW;
    if (entry !== NO_ROW) this.#load(this.#previous.words, entry * this.#candidate.length);
    const isPrevious = timingSafeEqual(this.#candidate, digest);
    if (isCurrent) return 'current';
    return isPrevious ? 'previous' : null;
  }

  /** First word of the digest of either secret, as a hash for an index. */
  digestHash(row: number, slot: 'current' | 'previous'): number {
    if (slot === 'current') return this.#words[row * ROW_WORDS + DIGEST] ?? 0;
    return this.#previous.words[this.#previousEntry(row) * this.#candidate.length] ?? 0;
  }

  pack(): PackedTable {
    return {
      count: this.#count,
      words: this.#words,
      revisions: this.#revisions,
      ids: this.#ids.pack(),
      previous: this.#previous.pack(),
    };
  }

  #load(words: Uint32Array, start: number): void {
    for (let word = 0; word < this.#candidate.length; word++) this.#candidate[word] = words[start + word] ?? 0;
  }

  #previousEntry(row: number): number {
    return (this.#words[row * ROW_WORDS + PREVIOUS] ?? 0) - 1;
  }

  #flags(row: number): number {
    return (this.#words[row * ROW_WORDS + EXPIRY_HIGH_AND_FLAGS] ?? 0) & 0xffff;
  }

  #setFlags(row: number, flags: number): void {
    const at = row * ROW_WORDS + EXPIRY_HIGH_AND_FLAGS;
    this.#words[at] = ((this.#words[at] ?? 0) & 0xffff0000) | flags;
  }

  #setExpiry(row: number, expiresAt: number | null): void {
    const seconds = expiresAt === null ? NEVER : Math.min(Math.max(Math.trunc(expiresAt), 0), NEVER - 1);
    const at = row * ROW_WORDS;
    this.#words[at + EXPIRY_LOW] = seconds % 2 ** 32;
    this.#words[at + EXPIRY_HIGH_AND_FLAGS] = (Math.floor(seconds / 2 ** 32) << 16) | this.#flags(row);
  }

  #hashOfRow(row: number): number {
    const at = row * ROW_WORDS + ID;
    return hashOf(this.#words[at] ?? 0, this.#words[at + 1] ?? 0, this.#words[at + 2] ?? 0);
  }

  #enlarge(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
    const revisions = new Float64Array(this.#revisions.length * 2);
    revisions.set(this.#revisions);
    this.#revisions = revisions;
  }
}
