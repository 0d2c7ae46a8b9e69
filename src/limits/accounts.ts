import type { Clock } from '../core/clock.js';
import { Buckets } from './buckets.js';
import { Calendar } from './calendar.js';
import { doubled } from './columns.js';
import type { Bound } from './limit-forms.js';
import type { Standing } from './limit-store.js';
import { WindowCounts } from './window-counts.js';

const FEWEST = 64;
/** Accounts looked at for each that is asked for, so that forgetting keeps pace with coming. */
const SWEPT = 2;
/** The row of an account of which nothing is known. */
const UNKNOWN = -1;

/**
 * What every account has used, in columns, a row each. An account is forgotten when it has used
 * nothing this month, nothing of it runs and its buckets are full again: nothing is lost by that.
 */
export class Accounts {
  readonly calendar = new Calendar();
  readonly days = new WindowCounts();
  readonly months = new WindowCounts();
  readonly requests = new Buckets();
  readonly tokens = new Buckets();
  readonly #clock: Clock;
  readonly #rows = new Map<string, number>();
  readonly #ids: (string | null)[] = [];
  readonly #free: number[] = [];
  #running = new Int32Array(FEWEST);
  #swept = 0;
  #monotonicMs = 0;
  #wallMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Monotonic milliseconds of the last `readClock`. */
  get monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many accounts are held. */
  get size(): number {
    return this.#rows.size;
  }

  /** Everything that follows happens now. */
  readClock(): void {
    this.#monotonicMs = this.#clock.monotonic();
    this.#wallMs = this.#clock.now();
    this.calendar.moveTo(this.#wallMs);
  }

  /** The row of an account, made when there is none. */
  rowOf(id: string): number {
    return this.#rows.get(id) ?? this.#add(id);
  }

  /** The row of an account, or one that has used nothing. */
  find(id: string): number {
    return this.#rows.get(id) ?? UNKNOWN;
  }

  running(row: number): number {
    return this.#running[row] ?? 0;
  }

  /** One request more, or less, runs. */
  run(row: number, more: 1 | -1): void {
    this.#running[row] = this.running(row) + more;
  }

  /** What may still be taken; below 0 when more was used than the limit. */
  left(row: number, bound: Bound): number {
    const { form, most } = bound;
    if (form.kind === 'running') return most - this.running(row);
    if (form.kind === 'bucket') return this[form.of].level(row, most, this.#monotonicMs);
    if (form.window === 'day') return most - this.days.used(row, this.calendar.day.epoch, form.of);
    return most - this.months.used(row, this.calendar.month.epoch, form.of);
  }

  standing(row: number, bound: Bound, account: string): Standing {
    const left = this.left(row, bound);
    const remaining = bound.form.of === 'gpuSeconds' ? Math.max(0, left) : Math.max(0, Math.floor(left));
    return { limit: bound.limit, account, most: bound.most, remaining, resetMs: this.#resetMs(row, bound) };
  }

  /** Until the window of a bound begins anew. */
  windowMs(window: 'day' | 'month'): number {
    return Math.max(1, Math.ceil(this.calendar[window].endsMs - this.#wallMs));
  }

  /** Looks at a few accounts, and forgets those about which there is nothing to remember. */
  sweep(): void {
    for (let looks = Math.min(SWEPT, this.#ids.length); looks > 0; looks -= 1) {
      this.#swept = (this.#swept + 1) % this.#ids.length;
      const id = this.#ids[this.#swept] ?? null;
      if (id !== null && this.#isIdle(this.#swept)) this.#forget(id, this.#swept);
    }
  }

  #resetMs(row: number, { form, most }: Bound): number {
    if (form.kind === 'running') return 0;
    if (form.kind === 'window') return this.windowMs(form.window);
    return most <= 0 ? 0 : this[form.of].waitMs(row, most, { capacity: most, nowMs: this.#monotonicMs });
  }

  #isIdle(row: number): boolean {
    return (
      this.#running[row] === 0 &&
      !this.months.has(row, this.calendar.month.epoch) &&
      !this.days.has(row, this.calendar.day.epoch) &&
      this.requests.isFull(row, this.#monotonicMs) &&
      this.tokens.isFull(row, this.#monotonicMs)
    );
  }

  #add(id: string): number {
    const row = this.#free.pop() ?? this.#ids.length;
    while (row >= this.#running.length) this.#running = doubled(this.#running);
    this.#ids[row] = id;
    this.#rows.set(id, row);
    return row;
  }

  #forget(id: string, row: number): void {
    this.#rows.delete(id);
    this.#ids[row] = null;
    this.#free.push(row);
    this.days.forget(row);
    this.months.forget(row);
    this.requests.forget(row);
    this.tokens.forget(row);
  }
}
