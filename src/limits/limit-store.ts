import type { Amounts, LimitName, LimitSettings } from '../core/limits.js';
import type { Maybe } from '../core/maybe.js';

/** Somebody whose use is counted: `key:<id>`, `caller:<provider>:<principal>`, `owner:<name>` or `model:<name>`. */
export interface Account {
  readonly id: string;
  /** The limits that hold for it, settled: what is left out or `null` does not bind it. */
  readonly limits: LimitSettings;
}

/** What a request wants to take, in every one of its accounts at once or in none. */
export interface Ask {
  accounts: readonly Account[];
  /** Estimate before the engine counted. */
  inputTokens: number;
  /** What the request may answer at most; null = it names no cap, and `defaultOutputTokens` is reserved. */
  outputCap: number | null;
  defaultOutputTokens: number;
}

/** One limit as it stands. `remaining` is never negative. */
export interface Standing {
  limit: LimitName;
  /** Of which account, such as `owner:alice`. */
  account: string;
  most: number;
  remaining: number;
  /** Until all of it is there again: a bucket is full, a window begins anew. 0 for `concurrent_requests`. */
  resetMs: number;
}

/** Why a request may not begin now. */
export interface Denial extends Standing {
  /** When the same request would pass, if nobody else takes it; null = never, it asks for more than the limit is. */
  retryAfterMs: number | null;
}

/** What an admitted request took. */
export interface Reservation {
  /** Output tokens it may answer so far. */
  readonly outputTokens: number;
  /** The most output tokens that the tightest budget had left at admission, these included; null = no budget bounds it. */
  readonly outputLeft: number | null;
  /** Takes more output tokens; answers how many it got. Fewer than asked = a budget of days or months is gone. */
  extend(outputTokens: number): number;
  /** Puts the real use in place of the reserved one and ends the hold on `concurrent_requests`. Only the first call counts. */
  settle(used: Amounts): void;
  /**
   * In place of `settle`, for a request that no model server was given: it used nothing and is no request of the day.
   * `requests_per_minute` keeps it, which is about how often somebody comes.
   */
  cancel(): void;
  /** The tightest limit on requests and on tokens, now. Null = there is none. */
  standing(): { requests: Standing | null; tokens: Standing | null };
}

/** What is counted, of all requests. In memory, so that it answers at once; one shared between nodes answers later. */
export interface LimitStore {
  /** Takes everything from all accounts, or nothing from any. */
  reserve(ask: Ask): Maybe<Reservation | Denial>;
  /** Every limit of these accounts as it stands, for explanations. */
  standings(accounts: readonly Account[]): Maybe<Standing[]>;
  /** Adds what was used before this start, as the ledger tells: `atMs` says in which windows it counts. */
  restore(used: readonly PastUse[]): void;
}

export interface PastUse extends Amounts {
  account: string;
  requests: number;
  /** Unix milliseconds. */
  atMs: number;
}

export function isDenial(answer: Reservation | Denial): answer is Denial {
  return 'retryAfterMs' in answer;
}
