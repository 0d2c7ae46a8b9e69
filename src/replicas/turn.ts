import { isPromise, type Maybe } from '../core/maybe.js';
import type { Charge } from './fair-accounts.js';
import type { FailureKind } from './health.js';
import type { Replica } from './model.js';
import { saysLoading } from './readiness.js';
import type { Asked, Place } from './seats.js';

/** What a turn needs of the pool of its model. */
export interface TurnPool {
  /** A place on another replica, at once. Null = none, or the retry budget is spent. */
  anotherNow(turn: Turn): Place | null;
  /** The same for a request that fails without it: waits when the others are full. */
  another(turn: Turn): Maybe<Place | null>;
  giveBack(place: Place): void;
  answered(place: Place, prefix: string | null): void;
  failed(place: Place, kind: FailureKind): void;
  busy(place: Place): void;
  stopWaiting(turn: Turn): void;
}

/** One request's place on a replica, from its choice until everything is given back. */
export class Turn {
  readonly asked: Asked;
  /** URLs of the replicas it had a place on. */
  readonly tried: string[] = [];
  readonly #pool: TurnPool;
  /** Null when its share was charged before. */
  readonly #charge: Charge | null;
  #place: Place;
  #held = true;
  #released = false;

  constructor(pool: TurnPool, { place, asked, charge }: { place: Place; asked: Asked; charge: Charge | null }) {
    this.#pool = pool;
    this.#place = place;
    this.#charge = charge;
    this.asked = asked;
    this.tried.push(place.server.url);
  }

  /** Where it is, or was last. */
  get replica(): Replica {
    return this.#place.replica;
  }

  /** Count of milliseconds of its server, each divided among the requests that ran there then. */
  get dividedMs(): number {
    return this.#place.server.dividedMs;
  }

  /** The replica answered, whatever the status. */
  answered(): void {
    this.#pool.answered(this.#place, this.asked.prefix);
  }

  /** The replica failed before its answer began. */
  failed(kind: FailureKind): void {
    this.#pool.failed(this.#place, kind);
  }

  /** Moves off a replica that got nothing of the request; waits for another one if need be. Null = there is none. */
  another(): Maybe<Replica | null> {
    this.#leave();
    const place = this.#pool.another(this);
    return isPromise(place) ? place.then((found) => this.#moveTo(found)) : this.#moveTo(place);
  }

  /**
   * Moves off a replica that answered 429 or 503, if that answer proves that it did not begin to work and
   * another one is idle now. Null = it stays where it is.
   */
  declined({ status, retryAfter, body }: { status: number; retryAfter: boolean; body: Buffer }): Replica | null {
    const loading = saysLoading(status, body);
    if (loading) this.failed('loading');
    else this.answered();
    if (retryAfter) this.#pool.busy(this.#place);
    const place = loading || retryAfter ? this.#pool.anotherNow(this) : null;
    if (place !== null) this.#leave();
    return this.#moveTo(place);
  }

  /**
   * The request cost so many tokens in all, input and output: who uses more than was expected waits longer for
   * the next turn of its share, who uses less waits less. May be called while it runs, at its end, or both.
   */
  cost(tokens: number): void {
    this.#charge?.cost(tokens);
  }

  /** Gives back everything; may be called more than once, also while it waits for another replica. */
  release(): void {
    this.#released = true;
    this.#pool.stopWaiting(this);
    this.#charge?.over();
    this.#leave();
  }

  #moveTo(place: Place | null): Replica | null {
    if (place === null) return null;
    this.#place = place;
    this.#held = true;
    this.tried.push(place.server.url);
    if (this.#released) this.#leave();
    return place.replica;
  }

  #leave(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#pool.giveBack(this.#place);
  }
}
