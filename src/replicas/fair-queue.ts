import { FairAccounts, type Account, type Charge } from './fair-accounts.js';
import type { FairShare } from './fair-share.js';

/** What a request must say to wait in a fair order. */
export interface FairWaiter {
  readonly share: FairShare;
  /** Monotonic milliseconds since which it waits. */
  readonly since: number;
}

/** What a request that waited had gained by it. */
export interface Seniority {
  /** Monotonic milliseconds since which it waits. */
  readonly since: number;
  /** Counts those that came: the smaller came first. */
  readonly nth: number;
  /** Its share, how many turns that had had, and its order among the shares. */
  readonly account: Account;
  readonly turns: number;
  readonly order: number;
}

/** The requests of one share that wait, oldest first, each with the number under which it came. */
interface Line<Waiter> {
  account: Account;
  waiters: Map<Waiter, number>;
  /** Classes it is raised by, because it waits long, and the round of that class in which it came there. */
  raised: number;
  raisedDue: number;
}

/** Where a line stands: smaller goes first, `rank` before `due` before `order`. */
interface Standing {
  rank: number;
  due: number;
  order: number;
}

/**
 * Requests that wait, and whose turn it is: classes by priority, in each class deficit round robin over the
 * names of shares, by tokens and weight, and within a share first come, first served.
 *
 * Ageing: a share that waits and had no turn for `ageMs` moves up one class, for one turn. It comes there as
 * a new share, so it goes ahead of all that had a turn in this round: a low one is served at the latest with
 * the turn after `2 * ageMs` and one turn of each other share that waits.
 */
export class FairQueue<Waiter extends FairWaiter> {
  readonly #accounts = new FairAccounts();
  readonly #lines = new Map<Account, Line<Waiter>>();
  readonly #lineOf = new Map<Waiter, Line<Waiter>>();
  #came = 0;

  get size(): number {
    return this.#lineOf.size;
  }

  /** Names that are remembered: those with something waiting or running, and a bounded number of others. */
  get shares(): number {
    return this.#accounts.size;
  }

  /** `inherited` is of one that left and whose place this one takes: it goes ahead of all that came after that one. */
  join(waiter: Waiter, inherited: Seniority | null = null): void {
    const account = this.#accounts.waits(waiter.share);
    const line = this.#lines.get(account) ?? { account, waiters: new Map(), raised: 0, raisedDue: 0 };
    this.#lines.set(account, line);
    line.waiters.set(waiter, inherited?.nth ?? (this.#came += 1));
    this.#lineOf.set(waiter, line);
    if (inherited === null) return;
    line.waiters = new Map([...line.waiters].sort(([, one], [, other]) => one - other));
    // A turn of its share since then is the one that it would have had.
    if (inherited.account === account && inherited.turns === account.turns)
      account.order = Math.min(account.order, inherited.order);
  }

  /** What it has gained by waiting; null when it does not wait. */
  seniority(waiter: Waiter): Seniority | null {
    const line = this.#lineOf.get(waiter);
    const nth = line?.waiters.get(waiter);
    if (line === undefined || nth === undefined) return null;
    const { account } = line;
    return { since: waiter.since, nth, account, turns: account.turns, order: account.order };
  }

  /** It gives up. False when it does not wait. */
  leave(waiter: Waiter): boolean {
    const line = this.#lineOf.get(waiter);
    if (line === undefined) return false;
    this.#lineOf.delete(waiter);
    line.waiters.delete(waiter);
    if (line.waiters.size === 0) this.#lines.delete(line.account);
    this.#accounts.stopped(line.account);
    return true;
  }

  /** It has its turn, which is charged to its share. */
  serve(waiter: Waiter, now: number): Charge {
    const line = this.#lineOf.get(waiter);
    const charge = this.#accounts.charge(waiter.share, now, (line?.raised ?? 0) > 0);
    if (line !== undefined) line.raised = 0;
    this.leave(waiter);
    return charge;
  }

  /** A request that need not wait has its turn. */
  pass(share: FairShare, now: number): Charge {
    return this.#accounts.charge(share, now);
  }

  /**
   * Who makes room for one more of this share when no more may wait: the newest of the share with the most
   * waiting for its weight. Null = that is the one that comes, which may have `inherited` to be older than others.
   */
  displacedBy({ name, priority, weight }: FairShare, inherited: Seniority | null = null): Waiter | null {
    let own: Line<Waiter> | null = null;
    let longest: Line<Waiter> | null = null;
    for (const line of this.#lines.values()) {
      if (line.account.key === `${priority} ${name}`) own = line;
      if (longest === null || crowd(line) > crowd(longest)) longest = line;
    }
    const crowdWithIt = ((own?.waiters.size ?? 0) + 1) / Math.max(1, weight);
    if (longest !== null && crowd(longest) > crowdWithIt) return newest(longest)?.[0] ?? null;
    const [last, nth] = (own === null ? undefined : newest(own)) ?? [null, 0];
    return inherited !== null && inherited.nth < nth ? last : null;
  }

  /** Those who wait, whose turn it is first; each step looks at every share once. Stop as soon as one was served. */
  *inTurn(now: number, ageMs: number): Iterable<Waiter> {
    const passed = new Set<Line<Waiter>>();
    for (let line = this.#best(passed, now, ageMs); line !== null; line = this.#best(passed, now, ageMs)) {
      passed.add(line);
      yield* line.waiters.keys();
    }
  }

  /** Everybody in the order in which they would be served if nobody came any more. */
  order(now: number, ageMs: number): Waiter[] {
    const all: { waiter: Waiter; standing: Standing }[] = [];
    for (const line of this.#lines.values()) {
      const { account } = line;
      let due = account.due;
      let isHead = true;
      for (const waiter of line.waiters.keys()) {
        const standing = isHead ? this.#standing(line, now, ageMs) : { rank: account.rank, due, order: account.order };
        all.push({ waiter, standing });
        due += account.habit.expects(waiter.share.tokens) / account.weight;
        isHead = false;
      }
    }
    return all.sort((a, b) => compare(a.standing, b.standing)).map(({ waiter }) => waiter);
  }

  [Symbol.iterator](): Iterator<Waiter> {
    return this.#lineOf.keys();
  }

  #best(passed: ReadonlySet<Line<Waiter>>, now: number, ageMs: number): Line<Waiter> | null {
    let best: Line<Waiter> | null = null;
    let first: Standing | null = null;
    for (const line of this.#lines.values()) {
      if (passed.has(line)) continue;
      const standing = this.#standing(line, now, ageMs);
      if (first !== null && compare(first, standing) <= 0) continue;
      best = line;
      first = standing;
    }
    return best;
  }

  #standing(line: Line<Waiter>, now: number, ageMs: number): Standing {
    const { account } = line;
    const [head] = line.waiters.keys();
    const waitedMs = head === undefined ? 0 : now - Math.max(head.since, account.turnAt);
    const raised = Math.min(account.rank, Math.max(0, Math.floor(waitedMs / ageMs)));
    const rank = account.rank - raised;
    if (raised !== line.raised) {
      line.raised = raised;
      line.raisedDue = this.#accounts.round(rank);
    }
    return { rank, due: raised === 0 ? account.due : line.raisedDue, order: account.order };
  }
}

function newest<Waiter>({ waiters }: Line<Waiter>): [Waiter, number] | undefined {
  return [...waiters].at(-1);
}

/** How many of it wait, for its weight. */
function crowd<Waiter>({ waiters, account }: Line<Waiter>): number {
  return waiters.size / account.weight;
}

function compare(a: Standing, b: Standing): number {
  return a.rank - b.rank || a.due - b.due || a.order - b.order;
}
