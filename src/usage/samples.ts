/** Beyond these, later ones take the places of earlier ones. */
const MOST = 200;
const KEPT = [0.5, 0.95] as const;

/** A measure of many things, of which the quantiles 0.5 and 0.95 are asked. */
export class Samples {
  #values: number[] = [];
  #count = 0;
  #results: readonly (number | null)[] | null = null;

  add(value: number): void {
    if (this.#results !== null) return;
    this.#values[this.#count % MOST] = value;
    this.#count += 1;
  }

  /** Takes no more, and keeps no more than the results. */
  finish(): void {
    this.#results ??= this.#measured();
    this.#values = [];
  }

  /** Null when there are no samples. By the nearest rank: always one that was measured. */
  quantile(wanted: (typeof KEPT)[number]): number | null {
    return (this.#results ?? this.#measured())[KEPT.indexOf(wanted)] ?? null;
  }

  #measured(): (number | null)[] {
    const sorted = this.#values.toSorted((one, other) => one - other);
    return KEPT.map((share) => sorted[Math.ceil(share * sorted.length) - 1] ?? null);
  }
}
