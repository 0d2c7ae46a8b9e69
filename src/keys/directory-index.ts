/** Share of slots in use, in tenths, beyond which the index is built anew. */
const FULL_TENTHS = 6;
/** Share in use after doubling, in tenths, below which it was full of entries that no longer fit and stays as large as it was. */
const SPARSE_TENTHS = 1.5;
const FEWEST_SLOTS = 16;

/** An index as it travels between threads. */
export interface PackedIndex {
  slots: Uint32Array<ArrayBuffer>;
  used: number;
}

/**
 * An open-addressing hash index from 32-bit hashes to small numbers, with linear probing. It holds
 * candidates only: whoever looks up compares the real thing, so entries that no longer fit do no harm
 * and stay until the index is built anew.
 *
 *     for (let at = index.home(hash); (value = index.valueAt(at)) >= 0; at = index.next(at)) ...
 */
export class SlotIndex {
  readonly #hashOf: (value: number) => number;
  /** Value plus one; zero is a free slot. The length is a power of two. */
  #slots: Uint32Array<ArrayBuffer>;
  #used: number;

  /** `hashOf` gives the present hash of a value, for when the index is built anew. */
  constructor(hashOf: (value: number) => number, packed?: PackedIndex) {
    this.#hashOf = hashOf;
    this.#slots = packed?.slots ?? new Uint32Array(FEWEST_SLOTS);
    this.#used = packed?.used ?? 0;
  }

  home(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  next(position: number): number {
    return (position + 1) & (this.#slots.length - 1);
  }

  /** The value in this slot, -1 at the end of the chain. */
  valueAt(position: number): number {
    return (this.#slots[position] ?? 0) - 1;
  }

  add(hash: number, value: number): void {
    this.#place(hash, value);
    if (this.#used * 10 > this.#slots.length * FULL_TENTHS) this.#renew();
  }

  pack(): PackedIndex {
    return { slots: this.#slots, used: this.#used };
  }

  #place(hash: number, value: number): void {
    let position = this.home(hash);
    for (let found = this.valueAt(position); found >= 0; found = this.valueAt(position)) {
      if (found === value) return;
      position = this.next(position);
    }
    this.#slots[position] = value + 1;
    this.#used += 1;
  }

  #renew(): void {
    const old = this.#slots;
    this.#refill(old, old.length * 2);
    if (this.#used * 10 < this.#slots.length * SPARSE_TENTHS) this.#refill(old, old.length);
  }

  #refill(old: Uint32Array, length: number): void {
    this.#slots = new Uint32Array(length);
    this.#used = 0;
    for (const entry of old) {
      if (entry > 0) this.#place(this.#hashOf(entry - 1), entry - 1);
    }
  }
}
