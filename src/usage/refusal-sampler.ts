import type { Clock } from '../core/clock.js';

const LOGGED_PER_SECOND = 20;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** Counters held at most; beyond it counts stay exact and their minutes become coarse. */
const MOST_COUNTERS = 5000;

/** How often requests were refused with a code in one minute. */
export interface RefusalCount {
  /** Unix minutes. */
  minute: number;
  code: string;
  refused: number;
  /** How many of them are rows of the request log. */
  logged: number;
}

interface Second {
  startMs: number;
  logged: number;
}

/** Lets a flood of refusals leave a sample in the log and an exact count beside it. */
export class RefusalSampler {
  readonly #clock: Clock;
  readonly #seconds = new Map<string, Second>();
  #counts = new Map<string, RefusalCount>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a refusal. True when its row belongs in the log: the first 20 of a code in a second. */
  admit(code: string): boolean {
    const second = this.#secondOf(code);
    const isLogged = second.logged < LOGGED_PER_SECOND;
    if (isLogged) second.logged += 1;
    this.#add({ minute: Math.floor(this.#clock.now() / MINUTE_MS), code, refused: 1, logged: isLogged ? 1 : 0 });
    return isLogged;
  }

  /** Hands over what was counted since the last call. */
  take(): RefusalCount[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }

  /** Takes back counts that could not be written. */
  putBack(counts: readonly RefusalCount[]): void {
    for (const count of counts) this.#add(count);
  }

  #secondOf(code: string): Second {
    const nowMs = this.#clock.monotonic();
    const known = this.#seconds.get(code);
    if (known !== undefined && nowMs - known.startMs < SECOND_MS) return known;
    const begun = { startMs: nowMs, logged: 0 };
    this.#seconds.set(code, begun);
    return begun;
  }

  #add(count: RefusalCount): void {
    const name = `${count.minute} ${count.code}`;
    const place = this.#counts.size < MOST_COUNTERS || this.#counts.has(name) ? name : count.code;
    const known = this.#counts.get(place);
    if (known === undefined) {
      this.#counts.set(place, { ...count });
      return;
    }
    known.refused += count.refused;
    known.logged += count.logged;
  }
}
