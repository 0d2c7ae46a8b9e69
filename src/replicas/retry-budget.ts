/** Attempts are at most 1.2 times the requests. */
const CREDIT_OF_A_REQUEST = 0.2;
/** What quiet times save up, so that the first request that meets a dead replica is tried elsewhere too. */
const MOST_CREDIT = 10;
/** One more try in this time, whatever the traffic. */
const CREDIT_EVERY_MS = 10_000;

/** Bounds second attempts to a share of the requests, so that a failing pool is not asked ever more. */
export class RetryBudget {
  readonly #now: () => number;
  #credit = MOST_CREDIT;
  #countedAt: number;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#countedAt = now();
  }

  /** A request arrived. */
  request(): void {
    this.#credit = Math.min(MOST_CREDIT, this.#credit + CREDIT_OF_A_REQUEST);
  }

  /** Whether one more attempt is within the budget; then it is taken from it. */
  spend(): boolean {
    const now = this.#now();
    this.#credit = Math.min(MOST_CREDIT, this.#credit + (now - this.#countedAt) / CREDIT_EVERY_MS);
    this.#countedAt = now;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }
}
