import type { Priority } from '../core/limits.js';
import { Habit, tokensOf } from './fair-habit.js';
import type { FairShare } from './fair-share.js';

/** The classes, in the order in which they are served. */
const CLASSES: readonly Priority[] = ['high', 'normal', 'low'];

/** Shares with nothing waiting and nothing running that are remembered; the oldest is forgotten first. */
const REMEMBERED = 1000;

/** What is known of one name in one class. */
export class Account {
  readonly key: string;
  /** Its class; 0 is served first. */
  readonly rank: number;
  weight = 1;
  /** The round in which it has its next turn. */
  due = 0;
  /** Counts turns and arrivals of all accounts: among those due in one round, the smaller goes first. */
  order = 0;
  /** Monotonic milliseconds of its last turn. */
  turnAt = Number.NEGATIVE_INFINITY;
  /** How many turns it had. */
  turns = 0;
  waiting = 0;
  running = 0;
  readonly habit: Habit;

  constructor({ key, rank, usual }: { key: string; rank: number; usual: Habit }) {
    this.key = key;
    this.rank = rank;
    this.habit = new Habit(usual);
  }
}

/** What one request was charged, until it is over. */
export interface Charge {
  /** It cost so many tokens in all; the difference to what was charged so far moves the next turn of its share. */
  cost(tokens: number): void;
  /** It runs no more. May be called more than once. */
  over(): void;
}

/**
 * The books of a deficit round robin. A round gives every share as many tokens as its weight, and a share
 * has a turn while it owes nothing; the turn is charged to it. Rounds are counted, not walked: a share that
 * owes 300 tokens at weight 3 is due 100 rounds later. So a turn costs the same however large it is, a new
 * share is ahead of every one that had a turn in this round, and whoever has nothing waiting saves nothing up:
 * it comes back in the present round at the earliest.
 */
export class FairAccounts {
  /** The present round of each class. */
  readonly #rounds = CLASSES.map(() => 0);
  readonly #accounts = new Map<string, Account>();
  readonly #idle = new Map<string, Account>();
  /** Of the requests of all shares. */
  readonly #usual = new Habit(null);
  #order = 0;

  /** How many shares are remembered. */
  get size(): number {
    return this.#accounts.size + this.#idle.size;
  }

  round(rank: number): number {
    return this.#rounds[rank] ?? 0;
  }

  /** A request of this share waits from now on. */
  waits(share: FairShare): Account {
    const account = this.#open(share);
    if (account.waiting === 0) {
      account.due = Math.max(account.due, this.round(account.rank));
      account.order = this.#next();
    }
    account.waiting += 1;
    return account;
  }

  /** One that waited waits no more. */
  stopped(account: Account): void {
    account.waiting -= 1;
    this.#retire(account);
  }

  /** A request of this share goes ahead at this moment. `early`: it was raised above its class, whose round stays. */
  charge(share: FairShare, now: number, early = false): Charge {
    const account = this.#open(share);
    const round = this.round(account.rank);
    account.due = Math.max(account.due, round);
    if (!early) this.#rounds[account.rank] = account.due;
    account.order = this.#next();
    account.turnAt = now;
    account.turns += 1;
    account.running += 1;
    const charged = account.habit.expects(share.tokens);
    account.due += charged / account.weight;
    return this.#chargeOf(account, share.tokens, charged);
  }

  #chargeOf(account: Account, asked: number, expected: number): Charge {
    let charged = expected;
    const paidAt = account.due;
    let used: number | null = null;
    let isOver = false;
    return {
      cost: (tokens) => {
        const actual = tokensOf(tokens);
        this.#correct(account, { rounds: (actual - charged) / account.weight, paidAt });
        charged = actual;
        used = actual;
      },
      over: () => {
        if (isOver) return;
        isOver = true;
        account.running -= 1;
        if (used !== null) for (const habit of [account.habit, this.#usual]) habit.learn(asked, used);
        this.#retire(account);
      },
    };
  }

  /**
   * Nothing comes back of what others' turns have paid for already: `paidAt` is the round in which all of it is.
   * So the next turn is in the present round at the earliest.
   */
  #correct(account: Account, { rounds, paidAt }: { rounds: number; paidAt: number }): void {
    if (rounds >= 0) {
      account.due += rounds;
      return;
    }
    const round = this.round(account.rank);
    const back = Math.min(-rounds, Math.max(0, paidAt - round));
    account.due = Math.min(account.due, Math.max(round, account.due - back));
  }

  #open({ name, priority, weight }: FairShare): Account {
    const rank = CLASSES.indexOf(priority);
    const key = `${priority} ${name}`;
    const account = this.#accounts.get(key) ?? this.#idle.get(key) ?? new Account({ key, rank, usual: this.#usual });
    account.weight = Math.max(1, weight);
    this.#idle.delete(key);
    this.#accounts.set(key, account);
    return account;
  }

  #retire(account: Account): void {
    if (account.waiting > 0 || account.running > 0) return;
    this.#accounts.delete(account.key);
    this.#idle.set(account.key, account);
    const [oldest] = this.#idle.keys();
    if (oldest !== undefined && this.#idle.size > REMEMBERED) this.#idle.delete(oldest);
  }

  #next(): number {
    this.#order += 1;
    return this.#order;
  }
}
