export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** `sorted` from small to large; `share` from 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? quantile(sorted, 0.5)
      : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return { median, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}

/** `12.3 (11.9 to 13.0)`. */
export function spreadText(spread: Spread, digits: number): string {
  const text = (value: number): string => value.toFixed(digits);
  return `${text(spread.median)} (${text(spread.low)} to ${text(spread.high)})`;
}
