import type { Clock } from '../core/clock.js';

/** What makes a request one attempt of several at the same thing. */
export interface Attempt {
  readonly callerId: string;
  /** Keys the caller's was derived from. */
  readonly lineage: readonly string[];
  /** It says that it is not the first. */
  readonly isRetry: boolean;
  /** The name its client gave to all attempts at the same thing, as a digest; null = none. */
  readonly idempotencyKey: string | null;
  /** What is asked, as a digest. It takes time for a large body, so it is asked for only when somebody must know. */
  digest(): string;
}

interface LostPlace<Home, Place> {
  attempt: Pick<Attempt, 'callerId' | 'lineage' | 'idempotencyKey'>;
  digest: string;
  home: Home;
  place: Place;
  /** Monotonic milliseconds. */
  until: number;
}

/** Client libraries come again within eight seconds, and after sixty at the latest where they are told when to. */
const REMEMBERED_MS = 60_000;
const MOST_OF_A_CALLER = 10;
const MOST = 1000;

/**
 * Places of requests that waited and whose client is gone, for the attempt that comes after. A place goes to one
 * attempt, of the same caller and at the same thing, that says it is not the first. Who else may be meant is not
 * asked: where two places fit, neither is given. `Home` is where the place was and may be taken again.
 */
export class LostPlaces<Home, Place> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The oldest first. */
  readonly #places = new Set<LostPlace<Home, Place>>();
  readonly #byCaller = new Map<string, Set<LostPlace<Home, Place>>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#places.size;
  }

  remember({ callerId, lineage, idempotencyKey, digest }: Attempt, home: Home, place: Place): void {
    const until = this.#clock.monotonic() + REMEMBERED_MS;
    const lost = { attempt: { callerId, lineage, idempotencyKey }, digest: digest(), home, place, until };
    const own = this.#byCaller.get(callerId) ?? new Set();
    this.#byCaller.set(callerId, own.add(lost));
    this.#places.add(lost);
    if (own.size > MOST_OF_A_CALLER) this.#dropFirst(own);
    if (this.#places.size > MOST) this.#dropFirst(this.#places);
  }

  /** The place this attempt may take, which is nobody else's from now on; null = it is a request like others. */
  claim(attempt: Attempt, home: Home): Place | null {
    if (!attempt.isRetry && attempt.idempotencyKey === null) return null;
    this.#dropOld();
    const own = this.#byCaller.get(attempt.callerId);
    if (own === undefined) return null;
    const digest = attempt.digest();
    const fitting = [...own].filter((lost) => lost.home === home && lost.digest === digest && fits(lost, attempt));
    const [lost] = fitting;
    if (lost === undefined || fitting.length > 1) return null;
    this.#drop(lost);
    return lost.place;
  }

  /** Those of these callers, and of keys derived from them. */
  forget(callerIds: readonly string[]): void {
    const ids = new Set(callerIds);
    for (const lost of this.#places) {
      const { callerId, lineage } = lost.attempt;
      if (ids.has(callerId) || lineage.some((id) => ids.has(id))) this.#drop(lost);
    }
  }

  #dropOld(): void {
    const now = this.#clock.monotonic();
    for (const lost of this.#places) {
      if (lost.until > now) return;
      this.#drop(lost);
    }
  }

  #dropFirst(places: ReadonlySet<LostPlace<Home, Place>>): void {
    const [oldest] = places;
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(lost: LostPlace<Home, Place>): void {
    const { callerId } = lost.attempt;
    this.#places.delete(lost);
    const own = this.#byCaller.get(callerId);
    own?.delete(lost);
    if (own?.size === 0) this.#byCaller.delete(callerId);
  }
}

/** Where both have a name for what they attempt it decides, else that the later one says what it is. */
function fits<Home, Place>({ attempt: earlier }: LostPlace<Home, Place>, later: Attempt): boolean {
  if (earlier.idempotencyKey !== null && later.idempotencyKey !== null)
    return earlier.idempotencyKey === later.idempotencyKey;
  return later.isRetry;
}
