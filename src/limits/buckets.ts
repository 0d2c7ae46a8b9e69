import { doubled } from './columns.js';

const FEWEST = 64;
const MINUTE_MS = 60_000;
/** How many capacities a bucket can be below full: empty, and ten minutes of debt. */
const DEEPEST = 11;
/** Rounding of the refill must not keep out a request that waited as long as it was told. */
const ROUNDING = 1e-6;

/**
 * Token buckets of all accounts. What is kept is how much is missing, so that a bucket has a level
 * under whatever limit it is asked about next: it is full at the start and fills up by the limit in a minute.
 */
export class Buckets {
  #missing = new Float64Array(FEWEST);
  /** Monotonic milliseconds. */
  #atMs = new Float64Array(FEWEST);

  /** What can be taken; below 0 when the bucket is in debt. */
  level(row: number, capacity: number, nowMs: number): number {
    return capacity - this.#missingNow(row, capacity, nowMs);
  }

  /** Milliseconds until `amount`, at most the capacity, can be taken; 0 = now. */
  waitMs(row: number, amount: number, { capacity, nowMs }: { capacity: number; nowMs: number }): number {
    const short = amount - this.level(row, capacity, nowMs);
    return short <= ROUNDING ? 0 : Math.ceil((short * MINUTE_MS) / capacity);
  }

  /** Takes, into debt if need be; a negative amount gives back, up to full. */
  take(row: number, amount: number, { capacity, nowMs }: { capacity: number; nowMs: number }): void {
    while (row >= this.#missing.length) {
      this.#missing = doubled(this.#missing);
      this.#atMs = doubled(this.#atMs);
    }
    const missing = this.#missingNow(row, capacity, nowMs) + amount;
    this.#missing[row] = Math.min(Math.max(missing, 0), capacity * DEEPEST);
    this.#atMs[row] = nowMs;
  }

  /** True when every limit would find the bucket full. */
  isFull(row: number, nowMs: number): boolean {
    return (this.#missing[row] ?? 0) === 0 || nowMs - (this.#atMs[row] ?? 0) >= DEEPEST * MINUTE_MS;
  }

  forget(row: number): void {
    if (row < this.#missing.length) this.#missing[row] = 0;
  }

  #missingNow(row: number, capacity: number, nowMs: number): number {
    const missing = this.#missing[row] ?? 0;
    if (missing === 0) return 0;
    const refilled = ((nowMs - (this.#atMs[row] ?? 0)) * capacity) / MINUTE_MS;
    return Math.max(0, Math.min(missing, capacity * DEEPEST) - refilled);
  }
}
