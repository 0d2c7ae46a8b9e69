import type { Charge } from './fair-accounts.js';
import { FairQueue, type FairWaiter, type Seniority } from './fair-queue.js';
import type { FairShare } from './fair-share.js';

/**
 * Requests that wait for room on the replicas of one model: first those that had their turn and lost their
 * replica, then all others in fair order. Whoever is walked over may leave.
 */
export class WaitingLine<Waiter extends FairWaiter> implements Iterable<Waiter> {
  /** Served before all others, and charged already. */
  readonly #again = new Set<Waiter>();
  readonly #fair = new FairQueue<Waiter>();
  /** Places of all that wait, 1 = next, as long as nothing has changed. */
  #places: Map<Waiter, number> | null = null;

  get size(): number {
    return this.#again.size + this.#fair.size;
  }

  /** `inherited` is of one that left and whose place this one takes. */
  join(waiter: Waiter, inherited: Seniority | null): void {
    this.#places = null;
    this.#fair.join(waiter, inherited);
  }

  /** What it has gained by waiting; null when it does not wait, or had its turn already. */
  seniority(waiter: Waiter): Seniority | null {
    return this.#fair.seniority(waiter);
  }

  /** It had its turn and found nobody there, so it goes before those that never had one. */
  joinAgain(waiter: Waiter): void {
    this.#places = null;
    this.#again.add(waiter);
  }

  /** False when it does not wait any more. */
  leave(waiter: Waiter): boolean {
    this.#places = null;
    return this.#again.delete(waiter) || this.#fair.leave(waiter);
  }

  /** It gets room now. Null = it was charged before. */
  serve(waiter: Waiter, now: number): Charge | null {
    this.#places = null;
    return this.#again.delete(waiter) ? null : this.#fair.serve(waiter, now);
  }

  /** A request that finds room without waiting. */
  pass(share: FairShare, now: number): Charge {
    this.#places = null;
    return this.#fair.pass(share, now);
  }

  /** Who makes room for one more of this share when no more may wait; null = the one that comes. */
  displacedBy(share: FairShare, inherited: Seniority | null): Waiter | null {
    return this.#fair.displacedBy(share, inherited);
  }

  /** All in the order of their turns, until one was served: that changes the order. */
  *inTurn(now: number, ageMs: number): Iterable<Waiter> {
    yield* this.#again;
    yield* this.#fair.inTurn(now, ageMs);
  }

  /** Its place among those that wait, 1 = next, if nobody came any more. 0 = it does not wait. */
  place(waiter: Waiter, now: number, ageMs: number): number {
    this.#places ??= new Map([...this.#again, ...this.#fair.order(now, ageMs)].map((one, at) => [one, at + 1]));
    return this.#places.get(waiter) ?? 0;
  }

  /** All, in no certain order. */
  *[Symbol.iterator](): Iterator<Waiter> {
    yield* this.#again;
    yield* this.#fair;
  }
}
