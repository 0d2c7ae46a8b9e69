import { Refusal } from '../core/errors.js';
import { isPromise, type Maybe } from '../core/maybe.js';
import type { Account, Denial, LimitStore, Reservation } from '../limits/limit-store.js';
import { wasSent, type LedgerRow } from './ledger.js';
import type { ReplayOutcome, ReplayQuestion, ReplaySubject } from './replay-port.js';
import { ReplayTally } from './replay-tally.js';
import type { SimulatedClock } from './simulated-clock.js';

export interface ReplayOptions {
  question: ReplayQuestion;
  /** With nothing used yet, and going by `clock`. */
  store: LimitStore;
  clock: SimulatedClock;
  /** Ids of the keys a caller's key was derived from, nearest first: its use counts in each. */
  ancestorsOf(callerId: string): readonly string[];
}

/** A request of the past that runs now. */
interface Running {
  endMs: number;
  reservation: Reservation;
  row: LedgerRow;
}

/** More accounts than this would take the memory that the requests of today need. */
const MOST_SUBJECTS = 100_000;

/**
 * Decides about requests of the past as the gateway does about those of today: the same store reserves
 * for each when it was admitted, and settles when it ended. What would have been refused uses nothing.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #accounts = new Map<string, readonly Account[]>();
  readonly #tally = new ReplayTally();
  /** The one that ends next comes last. */
  readonly #running: Running[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Takes the next request, in the order of admission. Those before the time in question only fill the windows. */
  take(row: LedgerRow): Maybe<void> {
    const { question, clock, store } = this.#options;
    if (question.owner !== undefined && row.owner !== question.owner) return;
    const counts = row.atMs >= question.sinceMs;
    const subject = subjectOf(question.per, row);
    if (subject === null) {
      if (counts) this.#tally.unbound();
      return;
    }
    this.#settleUntil(row.atMs);
    clock.moveTo(row.atMs);
    const asked = {
      accounts: this.#accountsOf(subject),
      inputTokens: row.inputTokens,
      outputCap: row.outputTokens,
      defaultOutputTokens: row.outputTokens,
    };
    const note = (answer: Reservation | Denial): void => {
      const denial = 'retryAfterMs' in answer ? answer : null;
      const shortened = !('retryAfterMs' in answer) && this.#begin(row, answer);
      if (counts) this.#tally.add({ subject, row, denial, shortened });
    };
    const answer = store.reserve(asked);
    return isPromise(answer) ? answer.then(note) : note(answer);
  }

  outcome(): ReplayOutcome {
    return this.#tally.outcome();
  }

  /** Answers whether the answer would have ended early. */
  #begin(row: LedgerRow, reservation: Reservation): boolean {
    const running = { endMs: row.atMs + row.settled.durationMs, reservation, row };
    let [low, high] = [0, this.#running.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#running[middle]?.endMs ?? 0) > running.endMs) low = middle + 1;
      else high = middle;
    }
    this.#running.splice(low, 0, running);
    return answered(row, reservation) < row.settled.outputTokens;
  }

  #settleUntil(atMs: number): void {
    for (let next = this.#running.at(-1); next !== undefined && next.endMs <= atMs; next = this.#running.at(-1)) {
      this.#running.pop();
      this.#options.clock.moveTo(next.endMs);
      const { inputTokens, gpuSeconds } = next.row.settled;
      if (!wasSent(next.row.settled)) next.reservation.cancel();
      else next.reservation.settle({ inputTokens, outputTokens: answered(next.row, next.reservation), gpuSeconds });
    }
  }

  /** Every subject has the limits for itself; of a key, every key above it as well. */
  #accountsOf(subject: string): readonly Account[] {
    const known = this.#accounts.get(subject);
    if (known !== undefined) return known;
    if (this.#accounts.size >= MOST_SUBJECTS) throw tooMany(this.#options.question.per);
    const { question, ancestorsOf } = this.#options;
    const ids = question.per === 'key' ? [subject, ...ancestorsOf(subject)] : [subject];
    const accounts = ids.map((id) => ({ id: accountId(question.per, id), limits: question.limits }));
    this.#accounts.set(subject, accounts);
    return accounts;
  }
}

/**
 * Where reading has to begin, so that the day, or the month when a limit goes by months, in which the
 * time in question begins is known from its first request on. Unix milliseconds.
 */
export function windowsBegin({ limits, sinceMs }: Pick<ReplayQuestion, 'limits' | 'sinceMs'>): number {
  const since = new Date(sinceMs);
  const names = Object.keys(limits);
  const month = names.some((name) => name.endsWith('_per_month'));
  return Date.UTC(since.getUTCFullYear(), since.getUTCMonth(), month ? 1 : since.getUTCDate());
}

/** Output tokens the request would have answered: what it did answer, or as much as a budget left for it. */
function answered({ outputTokens, settled }: LedgerRow, reservation: Reservation): number {
  const isBounded = reservation.outputTokens < outputTokens;
  return isBounded ? Math.min(settled.outputTokens, reservation.outputTokens) : settled.outputTokens;
}

function subjectOf(per: ReplaySubject, row: LedgerRow): string | null {
  if (per === 'key') return row.callerId;
  return per === 'owner' ? row.owner : row.model;
}

/** Callers without a key of ours have a colon in their ids. */
function accountId(per: ReplaySubject, id: string): string {
  return `${per === 'key' && id.includes(':') ? 'caller' : per}:${id}`;
}

function tooMany(per: ReplaySubject): Refusal {
  return new Refusal('invalid_value', {
    message: `More than ${MOST_SUBJECTS} ${per}s made requests in this time. Replay a shorter time, or one owner.`,
  });
}
