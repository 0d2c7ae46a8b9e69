/** More than any model reads or writes: a wish beyond it weighs no more. */
const MOST_TOKENS = 10_000_000;

/** How much a cheap request says about what the next one costs. A dear one is believed at once. */
const LESSON = 0.3;

/**
 * What requests cost lately, for each token they asked for. Most ask for many more than they use: charged in full,
 * a share would wait for its own refunds, while one with more requests running gets them more often.
 */
export class Habit {
  readonly #usual: Habit | null;
  #rate: number | null = null;

  /** Until something is known `usual` is believed, where it says that requests use less than they ask for. */
  constructor(usual: Habit | null) {
    this.#usual = usual;
  }

  /** What to expect of a request that asks for so many tokens. */
  expects(asked: number): number {
    return tokensOf(tokensOf(asked) * this.#known);
  }

  learn(asked: number, used: number): void {
    const rate = used / tokensOf(asked);
    const before = this.#rate ?? rate;
    this.#rate = Math.max(rate, before + LESSON * (rate - before));
  }

  get #known(): number {
    return this.#rate ?? Math.min(1, this.#usual === null ? 1 : this.#usual.#known);
  }
}

/** A number that can be charged: at least 1, so that nothing is free. */
export function tokensOf(tokens: number): number {
  return tokens >= 1 ? Math.min(tokens, MOST_TOKENS) : 1;
}
