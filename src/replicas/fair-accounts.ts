import type { Priority } from '../core/limits.js';
import type { FairShare } from './fair-share.js';

/** The classes, in the order in which they are served. */
const CLASSES: readonly Priority[] = ['high', 'normal', 'low'];

/** More than any model reads or writes: a wish beyond it weighs no more. */
const MOST_TOKENS = 10_000_000;

/** Shares with nothing waiting and nothing running that are remembered; the oldest is forgotten first. */
const REMEMBERED = 1000;

/** How much a cheap request says about what the next one of its share costs. A dear one is believed at once. */
const LESSON = 0.3;

/** What is known of one name in one class. */
export class Account {
  readonly key: string;
  /** Its class; 0 is served first. */
  readonly rank: number;
  weight: number;
  /** The round in which it has its next turn. */
  due = 0;
  /** Counts turns and arrivals of all accounts: among those due in one round, the smaller goes first. */
  order = 0;
  /** Monotonic milliseconds of its last turn. */
  turnAt = Number.NEGATIVE_INFINITY;
  waiting = 0;
  running = 0;
  /** What its requests cost lately, for each token they asked for; null = none ended yet. */
  #habit: number | null = null;

  constructor({ key, rank, weight }: Pick<Account, 'key' | 'rank' | 'weight'>) {
    this.key = key;
    this.rank = rank;
    this.weight = weight;
  }

  /**
   * What to charge a request that asks for so many tokens. Most ask for many more than they use: charged in full,
   * a share would wait for its own refunds, while one with more requests running gets them more often.
   */
  expects(tokens: number): number {
    return tokensOf(tokensOf(tokens) * (this.#habit ?? 1));
  }

  learn(asked: number, used: number): void {
    const rate = used / tokensOf(asked);
    const before = this.#habit ?? rate;
    this.#habit = Math.max(rate, before + LESSON * (rate - before));
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
    account.running += 1;
    const charged = account.expects(share.tokens);
    account.due += charged / account.weight;
    return this.#chargeOf(account, share.tokens, charged);
  }

  #chargeOf(account: Account, asked: number, expected: number): Charge {
    let charged = expected;
    let used: number | null = null;
    let isOver = false;
    return {
      cost: (tokens) => {
        const actual = tokensOf(tokens);
        this.#correct(account, (actual - charged) / account.weight);
        charged = actual;
        used = actual;
      },
      over: () => {
        if (isOver) return;
        isOver = true;
        account.running -= 1;
        if (used !== null) account.learn(asked, used);
        this.#retire(account);
      },
    };
  }

  /** What comes back brings the next turn no nearer than the present round. */
  #correct(account: Account, rounds: number): void {
    const due = account.due + rounds;
    account.due = rounds >= 0 ? due : Math.min(account.due, Math.max(due, this.round(account.rank)));
  }

  #open({ name, priority, weight }: FairShare): Account {
    const rank = CLASSES.indexOf(priority);
    const key = `${priority} ${name}`;
    const account = this.#accounts.get(key) ?? this.#idle.get(key) ?? new Account({ key, rank, weight: 1 });
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

/** A number that can be charged: at least 1, so that nothing is free. */
function tokensOf(tokens: number): number {
  return tokens >= 1 ? Math.min(tokens, MOST_TOKENS) : 1;
}
