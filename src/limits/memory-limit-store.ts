import type { Clock } from '../core/clock.js';
import type { LimitSettings } from '../core/limits.js';
import { Accounts } from './accounts.js';
import { boundsAmong, type Bound } from './limit-forms.js';
import type { Account, Ask, Denial, LimitStore, PastUse, Reservation, Standing } from './limit-store.js';
import { HeldReservation, takenFromBucket, type Hold } from './reservation.js';
import { tightest, type Tightest } from './tightest.js';
import { wholeTokens } from './token-amounts.js';

/** When something that runs will end is not known; this is when it is worth asking again. */
const SLOT_WAIT_MS = 1000;

/** A limit store that answers at once. */
export interface MemoryLimitStore extends LimitStore {
  reserve(ask: Ask): Reservation | Denial;
  standings(accounts: readonly Account[]): Standing[];
  /** How many accounts are remembered. */
  readonly size: number;
}

/** An account of a request, found. */
interface Found {
  readonly account: Account;
  readonly row: number;
  readonly bounds: readonly Bound[];
}

/** What a request needs of each limit. `leastOutput` = what must be there, `output` = what is reserved. */
interface Need {
  input: number;
  leastOutput: number;
  output: number;
}

/**
 * Counts in the memory of this process. Windows go by wall time, buckets by monotonic time. Every
 * account is counted, whether it has a limit or not, so that a limit that is set at noon knows the
 * morning. `gpu_seconds_per_day` is known only afterwards: it is not reserved, and a request is
 * admitted while any of it is left. Buckets are not restored: they are full after a start.
 */
export function createMemoryLimitStore(clock: Clock): MemoryLimitStore {
  return new CountingStore(clock);
}

class CountingStore implements MemoryLimitStore {
  readonly #table: Accounts;
  readonly #bounds = new WeakMap<LimitSettings, readonly Bound[]>();
  readonly #stand = (accounts: readonly Account[]): Tightest => tightest(this.standings(accounts));

  constructor(clock: Clock) {
    this.#table = new Accounts(clock);
  }

  get size(): number {
    return this.#table.size;
  }

  reserve(ask: Ask): Reservation | Denial {
    this.#table.readClock();
    this.#table.sweep();
    const found = this.#find(ask.accounts);
    const input = wholeTokens(ask.inputTokens);
    const wanted = wantedOutput(ask);
    const outputLeft = this.#outputLeft(found, input);
    const leastOutput = Math.min(1, wanted);
    const output = outputLeft === null ? wanted : Math.max(leastOutput, Math.min(wanted, outputLeft));
    const need: Need = { input, leastOutput, output };
    const denial = this.#denial(found, need);
    if (denial !== null) return denial;
    const holds = found.map((one) => this.#hold(one, need));
    const admitted = { accounts: ask.accounts, holds, inputTokens: input, outputTokens: output, outputLeft };
    return new HeldReservation(this.#table, admitted, this.#stand);
  }

  standings(accounts: readonly Account[]): Standing[] {
    const standings: Standing[] = [];
    for (const { id, limits } of accounts) {
      const bounds = this.#boundsOf(limits);
      if (bounds.length === 0) continue;
      if (standings.length === 0) this.#table.readClock();
      const row = this.#table.find(id);
      for (const bound of bounds) standings.push(this.#table.standing(row, bound, id));
    }
    return standings;
  }

  restore(used: readonly PastUse[]): void {
    this.#table.readClock();
    const { calendar, days, months } = this.#table;
    for (const past of used) {
      if (!calendar.isThisMonth(past.atMs)) continue;
      const row = this.#table.rowOf(past.account);
      const counts = {
        requests: wholeTokens(past.requests),
        inputTokens: wholeTokens(past.inputTokens),
        outputTokens: wholeTokens(past.outputTokens),
        gpuSeconds: Math.max(0, past.gpuSeconds) || 0,
      };
      months.count(row, calendar.month.epoch, counts);
      if (calendar.isToday(past.atMs)) days.count(row, calendar.day.epoch, counts);
    }
  }

  /** Each account once, whoever named it twice. */
  #find(accounts: readonly Account[]): Found[] {
    const found: Found[] = [];
    for (const account of accounts) {
      const row = this.#table.rowOf(account.id);
      if (found.some((one) => one.row === row)) continue;
      found.push({ account, row, bounds: this.#boundsOf(account.limits) });
    }
    return found;
  }

  #boundsOf(limits: LimitSettings): readonly Bound[] {
    const known = this.#bounds.get(limits);
    if (known !== undefined) return known;
    const bounds = boundsAmong(limits);
    this.#bounds.set(limits, bounds);
    return bounds;
  }

  /** Output tokens that the tightest budget has beside this input; null = no budget bounds them. */
  #outputLeft(found: readonly Found[], input: number): number | null {
    let least = Number.POSITIVE_INFINITY;
    for (const { row, bounds } of found) {
      for (const bound of bounds) {
        if (!bound.paysOutput) continue;
        const left = this.#table.left(row, bound) - (bound.form.of === 'tokens' ? input : 0);
        least = Math.min(least, Math.floor(left));
      }
    }
    return least === Number.POSITIVE_INFINITY ? null : Math.max(0, least);
  }

  /** Of the limits that do not let the request pass, the one that does so longest. */
  #denial(found: readonly Found[], need: Need): Denial | null {
    let worst: Denial | null = null;
    for (const { row, bounds, account } of found) {
      for (const bound of bounds) {
        const waitMs = this.#waitMs(row, bound, need);
        if (waitMs === 0 || (worst !== null && !isLonger(waitMs, worst.retryAfterMs))) continue;
        worst = { ...this.#table.standing(row, bound, account.id), retryAfterMs: waitMs };
      }
    }
    return worst;
  }

  /** Milliseconds until this limit lets the request pass; 0 = now, null = never. */
  #waitMs(row: number, bound: Bound, need: Need): number | null {
    const { form, most } = bound;
    const least = leastOf(bound, need);
    if (least > most) return null;
    if (form.kind === 'bucket') {
      return this.#table[form.of].waitMs(row, least, { capacity: most, nowMs: this.#table.monotonicMs });
    }
    // What needs no output, as vectors do, passes a budget of output that was overdrawn.
    if (form.of === 'output' && least === 0) return 0;
    const left = this.#table.left(row, bound);
    if (form.of === 'gpuSeconds' ? left > 0 : least <= left) return 0;
    return form.kind === 'running' ? SLOT_WAIT_MS : this.#table.windowMs(form.window);
  }

  #hold({ row, bounds }: Found, need: Need): Hold {
    const table = this.#table;
    const { day, month } = table.calendar;
    const counts = { requests: 1, inputTokens: need.input, outputTokens: need.output, gpuSeconds: 0 };
    let capacity: number | null = null;
    for (const { form, most } of bounds) {
      if (form.kind !== 'bucket') continue;
      if (form.of === 'tokens') capacity = most;
      const taken = form.of === 'tokens' ? takenFromBucket(need.input + need.output, most) : 1;
      table[form.of].take(row, taken, { capacity: most, nowMs: table.monotonicMs });
    }
    table.run(row, 1);
    const daySlot = table.days.hold(row, day.epoch);
    const monthSlot = table.months.hold(row, month.epoch);
    table.days.add(daySlot, counts);
    table.months.add(monthSlot, counts);
    return { row, bounds, daySlot, monthSlot, bucket: capacity };
  }
}

/** What a request asks for; a cap that is not a number from 0 on is none. */
function wantedOutput({ outputCap, defaultOutputTokens }: Ask): number {
  return wholeTokens(outputCap !== null && outputCap >= 0 ? outputCap : defaultOutputTokens);
}

/** What must be there for the request to pass. */
function leastOf({ form, most }: Bound, { input, leastOutput, output }: Need): number {
  if (form.kind === 'bucket' && form.of === 'tokens') return Math.max(1, takenFromBucket(input + output, most));
  if (form.of === 'requests') return 1;
  if (form.of === 'tokens') return input + leastOutput;
  if (form.of === 'gpuSeconds') return Number.MIN_VALUE;
  return form.of === 'input' ? input : leastOutput;
}

function isLonger(waitMs: number | null, thanMs: number | null): boolean {
  return thanMs !== null && (waitMs === null || waitMs > thanMs);
}
