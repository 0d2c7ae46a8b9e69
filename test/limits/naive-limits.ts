import { LIMIT_NAMES, type Amounts, type LimitName } from '../../src/core/limits.js';
import type { Account, PastUse } from '../../src/limits/limit-store.js';

const DAY_MS = 86_400_000;

/** What a request took, as the history has it. */
interface Taken {
  accounts: readonly Account[];
  day: number;
  month: number;
  atMs: number;
  input: number;
  output: number;
  gpuSeconds: number;
  settled: boolean;
  cancelled: boolean;
}

interface BucketEvent {
  account: string;
  of: 'requests' | 'tokens';
  atMs: number;
  amount: number;
  capacity: number;
}

export interface Moment {
  wallMs: number;
  monotonicMs: number;
}

export interface NaiveAsk {
  accounts: readonly Account[];
  input: number;
  wanted: number;
}

export interface NaiveDenial {
  /** Every limit that refuses, with its account. */
  reasons: { limit: LimitName; account: string; waitMs: number | null }[];
}

/** Limits as their manual describes them: nothing is kept but the history, and every answer is reckoned from all of it. */
export class NaiveLimits {
  readonly #taken: Taken[] = [];
  readonly #bucketEvents: BucketEvent[] = [];
  #latestMs = 0;

  /** The later of the windows that the clock has shown. */
  #now(moment: Moment): { day: number; month: number } {
    this.#latestMs = Math.max(this.#latestMs, moment.wallMs);
    return { day: dayOf(this.#latestMs), month: monthOf(this.#latestMs) };
  }

  reserve(ask: NaiveAsk, moment: Moment): { id: number; output: number; outputLeft: number | null } | NaiveDenial {
    const { day, month } = this.#now(moment);
    const lefts = ask.accounts.flatMap((account) =>
      LIMIT_NAMES.flatMap((limit) => {
        const most = account.limits[limit];
        if (most === undefined || most === null || !/^(output_)?tokens_per_(day|month)$/.test(limit)) return [];
        const left = most - this.#used(account.id, limit, { day, month });
        return [limit.startsWith('output') ? left : left - ask.input];
      }),
    );
    const outputLeft = lefts.length === 0 ? null : Math.max(0, Math.min(...lefts));
    const least = Math.min(1, ask.wanted);
    const output = outputLeft === null ? ask.wanted : Math.max(least, Math.min(ask.wanted, outputLeft));
    const reasons = ask.accounts.flatMap((account) =>
      LIMIT_NAMES.flatMap((limit) => {
        const waitMs = this.#waitMs(account, limit, { ...moment, input: ask.input, least, output });
        return waitMs === 0 ? [] : [{ limit, account: account.id, waitMs }];
      }),
    );
    if (reasons.length > 0) return { reasons };
    for (const { id: account, limits } of ask.accounts) {
      const atMs = moment.monotonicMs;
      const { requests_per_minute: requests, tokens_per_minute: tokens } = limits;
      if (requests) this.#bucketEvents.push({ account, of: 'requests', atMs, amount: 1, capacity: requests });
      if (tokens) {
        const amount = Math.min(Math.max(1, ask.input + output), tokens);
        this.#bucketEvents.push({ account, of: 'tokens', atMs, amount, capacity: tokens });
      }
    }
    this.#taken.push({
      accounts: ask.accounts,
      day,
      month,
      atMs: this.#latestMs,
      input: ask.input,
      output,
      gpuSeconds: 0,
      settled: false,
      cancelled: false,
    });
    this.#asked.set(this.#taken.length - 1, ask.input + output);
    return { id: this.#taken.length - 1, output, outputLeft };
  }

  /** What was reserved of tokens at admission. */
  readonly #asked = new Map<number, number>();

  extend(id: number, more: number, moment: Moment): number {
    const taken = this.#request(id);
    if (taken.settled) return 0;
    this.#now(moment);
    const lefts = taken.accounts.flatMap((account) =>
      LIMIT_NAMES.flatMap((limit) => {
        const most = account.limits[limit];
        if (most === undefined || most === null || !/^(output_)?tokens_per_(day|month)$/.test(limit)) return [];
        return [most - this.#used(account.id, limit, taken)];
      }),
    );
    const got = Math.max(0, Math.min(more, ...lefts));
    taken.output += got;
    this.#fill(taken, got, moment);
    return got;
  }

  settle(id: number, used: Amounts, moment: Moment): void {
    const taken = this.#request(id);
    if (taken.settled) return;
    this.#now(moment);
    const asked = this.#asked.get(id) ?? 0;
    for (const { id: account, limits } of taken.accounts) {
      const capacity = limits.tokens_per_minute;
      if (!capacity) continue;
      const extended = taken.input + taken.output - asked;
      const amount = used.inputTokens + used.outputTokens - extended - Math.min(Math.max(1, asked), capacity);
      this.#bucketEvents.push({ account, of: 'tokens', atMs: moment.monotonicMs, amount, capacity });
    }
    taken.input = used.inputTokens;
    taken.output = used.outputTokens;
    taken.gpuSeconds = used.gpuSeconds;
    taken.settled = true;
  }

  cancel(id: number, moment: Moment): void {
    const taken = this.#request(id);
    if (!taken.settled) taken.cancelled = true;
    this.settle(id, { inputTokens: 0, outputTokens: 0, gpuSeconds: 0 }, moment);
  }

  /** What remains of a limit, not below 0. */
  remaining({ id, limits }: Account, limit: LimitName, moment: Moment): number {
    const most = limits[limit] ?? 0;
    if (limit === 'requests_per_minute') return Math.max(0, Math.floor(this.#level(id, 'requests', most, moment)));
    if (limit === 'tokens_per_minute') return Math.max(0, Math.floor(this.#level(id, 'tokens', most, moment)));
    return Math.max(0, most - this.#used(id, limit, this.#now(moment)));
  }

  /** The latest wall time that was ever shown. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** What a ledger would tell of all that was settled. */
  pastUse(): PastUse[] {
    return this.#taken.flatMap(({ accounts, atMs, input, output, gpuSeconds, cancelled }) =>
      accounts.map(({ id }) => ({
        account: id,
        requests: cancelled ? 0 : 1,
        inputTokens: input,
        outputTokens: output,
        gpuSeconds,
        atMs,
      })),
    );
  }

  #fill({ accounts }: Taken, amount: number, { monotonicMs: atMs }: Moment): void {
    for (const { id: account, limits } of accounts) {
      const capacity = limits.tokens_per_minute;
      if (capacity) this.#bucketEvents.push({ account, of: 'tokens', atMs, amount, capacity });
    }
  }

  #waitMs(
    account: Account,
    limit: LimitName,
    ask: Moment & { input: number; least: number; output: number },
  ): number | null {
    const most = account.limits[limit];
    if (most === undefined || most === null) return 0;
    if (limit === 'requests_per_minute' || limit === 'tokens_per_minute') {
      const of = limit === 'requests_per_minute' ? 'requests' : 'tokens';
      const need = of === 'requests' ? 1 : Math.min(Math.max(1, ask.input + ask.output), most);
      const short = need - this.#level(account.id, of, most, ask);
      return short <= 0 ? 0 : Math.ceil((short * 60_000) / most);
    }
    const windows = this.#now(ask);
    const used = this.#used(account.id, limit, windows);
    if (limit === 'gpu_seconds_per_day') return used < most ? 0 : endOf(limit, windows) - ask.wallMs;
    const need = needOf(limit, ask);
    if (need > most) return null;
    // What is answered without tokens is no matter of a budget of them.
    if (limit.startsWith('output') && need === 0) return 0;
    if (used + need <= most) return 0;
    return limit === 'concurrent_requests' ? 1000 : endOf(limit, windows) - ask.wallMs;
  }

  #used(account: string, limit: LimitName, { day, month }: { day: number; month: number }): number {
    const ours = this.#taken.filter((one) => one.accounts.some(({ id }) => id === account));
    if (limit === 'concurrent_requests') return ours.filter((one) => !one.settled).length;
    const within = ours.filter((one) => (limit.endsWith('day') ? one.day === day : one.month === month));
    return within.reduce((sum, one) => sum + countOf(limit, one), 0);
  }

  #level(account: string, of: 'requests' | 'tokens', capacity: number, { monotonicMs }: Moment): number {
    let level = capacity;
    let atMs = 0;
    for (const event of this.#bucketEvents) {
      if (event.account !== account || event.of !== of) continue;
      level = Math.min(capacity, level + ((event.atMs - atMs) * capacity) / 60_000);
      level = Math.max(-10 * capacity, Math.min(capacity, level - event.amount));
      atMs = event.atMs;
    }
    return Math.min(capacity, level + ((monotonicMs - atMs) * capacity) / 60_000);
  }

  #request(id: number): Taken {
    const taken = this.#taken[id];
    if (taken === undefined) throw new Error(`There was no request ${id}.`);
    return taken;
  }
}

function countOf(limit: LimitName, { input, output, gpuSeconds, cancelled }: Taken): number {
  if (limit.startsWith('requests')) return cancelled ? 0 : 1;
  if (limit.startsWith('gpu')) return gpuSeconds;
  if (limit.startsWith('input')) return input;
  return limit.startsWith('output') ? output : input + output;
}

function needOf(limit: LimitName, { input, least }: { input: number; least: number }): number {
  if (limit.includes('requests')) return 1;
  if (limit.startsWith('input')) return input;
  return limit.startsWith('output') ? least : input + least;
}

function endOf(limit: LimitName, { day, month }: { day: number; month: number }): number {
  return limit.endsWith('day') ? (day + 1) * DAY_MS : Date.UTC(Math.floor(month / 12), (month % 12) + 1);
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

function monthOf(atMs: number): number {
  return new Date(atMs).getUTCFullYear() * 12 + new Date(atMs).getUTCMonth();
}
