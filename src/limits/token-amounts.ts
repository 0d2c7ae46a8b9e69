/** More than any budget; sums of many of them are still whole. */
const MOST = 1_000_000_000_000;

/** Whole tokens of what a request says of itself: never negative, and not a number is none. */
export function wholeTokens(tokens: number): number {
  return tokens > 0 ? Math.ceil(Math.min(tokens, MOST)) : 0;
}

/** Whole tokens that were used. What is not a finite number is not known: then what was reserved stands. */
export function usedTokens(tokens: number, reserved: number): number {
  return Number.isFinite(tokens) ? wholeTokens(tokens) : reserved;
}
