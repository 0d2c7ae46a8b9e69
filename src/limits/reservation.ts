import type { Amounts } from '../core/limits.js';
import type { Accounts } from './accounts.js';
import type { Bound } from './limit-forms.js';
import type { Account, Reservation } from './limit-store.js';
import type { Tightest } from './tightest.js';
import { usedTokens, wholeTokens } from './token-amounts.js';
import type { Counts } from './window-counts.js';

/** What one request holds in one account: its place, and the windows in which it was admitted. */
export interface Hold {
  readonly row: number;
  readonly bounds: readonly Bound[];
  readonly daySlot: number;
  readonly monthSlot: number;
  /** `tokens_per_minute`; null = not limited. */
  readonly bucket: number | null;
}

/** What the reservation is of. */
export interface Admitted {
  readonly accounts: readonly Account[];
  readonly holds: readonly Hold[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly outputLeft: number | null;
}

/** What a bucket of this capacity gives for so many tokens: all of it at most, so that large requests pass too. */
export function takenFromBucket(tokens: number, capacity: number): number {
  return Math.min(Math.max(tokens, 1), capacity);
}

/** A reservation in memory. */
export class HeldReservation implements Reservation {
  readonly outputLeft: number | null;
  readonly #admitted: Admitted;
  readonly #table: Accounts;
  readonly #stand: (accounts: readonly Account[]) => Tightest;
  #extended = 0;
  #settled = false;

  constructor(table: Accounts, admitted: Admitted, stand: (accounts: readonly Account[]) => Tightest) {
    this.outputLeft = admitted.outputLeft;
    this.#admitted = admitted;
    this.#table = table;
    this.#stand = stand;
  }

  get outputTokens(): number {
    return this.#admitted.outputTokens + this.#extended;
  }

  extend(outputTokens: number): number {
    if (this.#settled) return 0;
    this.#table.readClock();
    const more = Math.min(wholeTokens(outputTokens), this.#outputLeft());
    if (more <= 0) return 0;
    this.#extended += more;
    for (const hold of this.#admitted.holds) {
      this.#add(hold, { requests: 0, inputTokens: 0, outputTokens: more, gpuSeconds: 0 });
      this.#take(hold, more);
    }
    return more;
  }

  settle(used: Amounts): void {
    this.#settle(used, 0);
  }

  cancel(): void {
    this.#settle({ inputTokens: 0, outputTokens: 0, gpuSeconds: 0 }, -1);
  }

  standing(): Tightest {
    return this.#stand(this.#admitted.accounts);
  }

  #settle(used: Amounts, requests: 0 | -1): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#table.readClock();
    const { inputTokens, holds } = this.#admitted;
    const more = {
      requests,
      inputTokens: usedTokens(used.inputTokens, inputTokens) - inputTokens,
      outputTokens: usedTokens(used.outputTokens, this.outputTokens) - this.outputTokens,
      gpuSeconds: Number.isFinite(used.gpuSeconds) ? Math.max(0, used.gpuSeconds) : 0,
    };
    for (const hold of holds) this.#end(hold, more);
  }

  #end(hold: Hold, more: Counts): void {
    const table = this.#table;
    const { inputTokens, outputTokens } = this.#admitted;
    this.#add(hold, more);
    if (hold.bucket !== null) {
      const reserved = inputTokens + outputTokens;
      this.#take(hold, more.inputTokens + more.outputTokens + reserved - takenFromBucket(reserved, hold.bucket));
    }
    table.days.release(hold.daySlot);
    table.months.release(hold.monthSlot);
    table.run(hold.row, -1);
  }

  #add(hold: Hold, counts: Counts): void {
    this.#table.days.add(hold.daySlot, counts);
    this.#table.months.add(hold.monthSlot, counts);
  }

  #take(hold: Hold, tokens: number): void {
    const { bucket: capacity, row } = hold;
    if (capacity !== null) this.#table.tokens.take(row, tokens, { capacity, nowMs: this.#table.monotonicMs });
  }

  /** What the tightest budget has left in the windows in which the request was admitted. */
  #outputLeft(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { bounds, daySlot, monthSlot } of this.#admitted.holds) {
      for (const { form, most, paysOutput } of bounds) {
        if (!paysOutput || form.kind !== 'window') continue;
        const used =
          form.window === 'day'
            ? this.#table.days.usedIn(daySlot, form.of)
            : this.#table.months.usedIn(monthSlot, form.of);
        least = Math.min(least, Math.floor(most - used));
      }
    }
    return least;
  }
}
