/**
 * Requests that wait for room, in the order in which they are served. The pool asks nothing else of it,
 * so another order can take the place of first come, first served.
 */
export interface WaitingLine<Waiter> extends Iterable<Waiter> {
  readonly size: number;
  /** `first`: it had its turn and found nobody there, so it goes before those that never had one. */
  join(waiter: Waiter, place: 'first' | 'last'): void;
  /** False when it does not wait any more. */
  leave(waiter: Waiter): boolean;
}

/** First come, first served. Joining and leaving cost the same however many wait; who is walked over may leave. */
export class FirstComeFirstServed<Waiter> implements WaitingLine<Waiter> {
  readonly #again = new Set<Waiter>();
  readonly #line = new Set<Waiter>();

  get size(): number {
    return this.#again.size + this.#line.size;
  }

  join(waiter: Waiter, place: 'first' | 'last'): void {
    (place === 'first' ? this.#again : this.#line).add(waiter);
  }

  leave(waiter: Waiter): boolean {
    return this.#again.delete(waiter) || this.#line.delete(waiter);
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    yield* this.#again;
    yield* this.#line;
  }
}
