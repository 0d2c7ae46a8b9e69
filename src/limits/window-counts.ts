import type { Amounts } from '../core/limits.js';
import { doubled } from './columns.js';
import type { Counted } from './limit-forms.js';

const FEWEST = 64;
/** Numbers of one slot. */
const WIDTH = 4;
const REQUESTS = 0;
const INPUT = 1;
const OUTPUT = 2;
const GPU_SECONDS = 3;
const NONE = -1;

/** What is counted at one time. */
export interface Counts extends Amounts {
  requests: number;
}

/**
 * Counts of all accounts in the present day, or month. The counts of one account in one window are a
 * slot. A request holds the slot it was admitted in, so that it is settled there when the window
 * is over; a slot that is over and that nobody holds is used again.
 */
export class WindowCounts {
  /** By row of the account: its slot, or `NONE`. */
  #slots = new Int32Array(FEWEST).fill(NONE);
  /** By slot. */
  #counts = new Float64Array(FEWEST * WIDTH);
  #epochs = new Int32Array(FEWEST);
  #holders = new Int32Array(FEWEST);
  /** By slot: the account whose present slot it is, or `NONE`. */
  #rows = new Int32Array(FEWEST);
  #made = 0;
  readonly #free: number[] = [];

  /** The slot of an account in the window of this epoch, to be given back with `release`. */
  hold(row: number, epoch: number): number {
    const slot = this.#present(row, epoch);
    this.#holders[slot] = (this.#holders[slot] ?? 0) + 1;
    return slot;
  }

  release(slot: number): void {
    const left = (this.#holders[slot] ?? 0) - 1;
    this.#holders[slot] = left;
    if (left === 0 && this.#rows[slot] === NONE) this.#free.push(slot);
  }

  /** Adds to a held slot; amounts may be negative. */
  add(slot: number, more: Counts): void {
    const counts = this.#counts;
    const at = slot * WIDTH;
    counts[at + REQUESTS] = (counts[at + REQUESTS] ?? 0) + more.requests;
    counts[at + INPUT] = (counts[at + INPUT] ?? 0) + more.inputTokens;
    counts[at + OUTPUT] = (counts[at + OUTPUT] ?? 0) + more.outputTokens;
    counts[at + GPU_SECONDS] = (counts[at + GPU_SECONDS] ?? 0) + more.gpuSeconds;
  }

  /** Adds to what an account used in the window of this epoch. */
  count(row: number, epoch: number, more: Counts): void {
    this.add(this.#present(row, epoch), more);
  }

  /** What an account used in the window of this epoch. */
  used(row: number, epoch: number, of: Counted): number {
    const slot = this.#slots[row] ?? NONE;
    return this.#isOf(slot, epoch) ? this.usedIn(slot, of) : 0;
  }

  usedIn(slot: number, of: Counted): number {
    const at = slot * WIDTH;
    if (of === 'requests') return this.#counts[at + REQUESTS] ?? 0;
    if (of === 'input') return this.#counts[at + INPUT] ?? 0;
    if (of === 'output') return this.#counts[at + OUTPUT] ?? 0;
    if (of === 'gpuSeconds') return this.#counts[at + GPU_SECONDS] ?? 0;
    return (this.#counts[at + INPUT] ?? 0) + (this.#counts[at + OUTPUT] ?? 0);
  }

  /** True when the account has counted something in the window of this epoch. */
  has(row: number, epoch: number): boolean {
    return this.#isOf(this.#slots[row] ?? NONE, epoch);
  }

  forget(row: number): void {
    const slot = this.#slots[row] ?? NONE;
    if (slot === NONE) return;
    this.#slots[row] = NONE;
    this.#leave(slot);
  }

  #isOf(slot: number, epoch: number): boolean {
    return slot !== NONE && this.#epochs[slot] === epoch;
  }

  #present(row: number, epoch: number): number {
    while (row >= this.#slots.length) {
      const length = this.#slots.length;
      this.#slots = doubled(this.#slots).fill(NONE, length);
    }
    const slot = this.#slots[row] ?? NONE;
    if (this.#isOf(slot, epoch)) return slot;
    if (slot !== NONE) this.#leave(slot);
    const fresh = this.#take();
    this.#slots[row] = fresh;
    this.#rows[fresh] = row;
    this.#epochs[fresh] = epoch;
    return fresh;
  }

  /** Takes a slot from its account; it lives on while somebody holds it. */
  #leave(slot: number): void {
    this.#rows[slot] = NONE;
    if (this.#holders[slot] === 0) this.#free.push(slot);
  }

  #take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) {
      this.#counts.fill(0, freed * WIDTH, (freed + 1) * WIDTH);
      return freed;
    }
    if (this.#made === this.#epochs.length) this.#grow();
    return this.#made++;
  }

  #grow(): void {
    this.#counts = doubled(this.#counts);
    this.#epochs = doubled(this.#epochs);
    this.#holders = doubled(this.#holders);
    this.#rows = doubled(this.#rows);
  }
}
