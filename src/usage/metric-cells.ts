/** One number with the values of its labels, in the order in which its family declares them. */
export interface Sample {
  labels: readonly string[];
  value: number;
}

/** One histogram with the values of its labels. */
export interface Spread {
  labels: readonly string[];
  buckets: Buckets;
}

/** Counts observations by size. Taking one is a short search and three additions. */
export class Buckets {
  /** One more than there are bounds: the last takes what is beyond all. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: Float64Array;

  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.counts = new Float64Array(bounds.length + 1);
  }

  get isEmpty(): boolean {
    return this.counts.every((count) => count === 0);
  }

  /** What is no number, or less than nothing, is left out. */
  observe(value: number): void {
    if (!(value >= 0)) return;
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

/** A number that only grows. */
export interface Cell {
  readonly labels: readonly string[];
  value: number;
}

/** Cells by the values of their labels. Every value has to come from a set that no client can enlarge. */
export class Cells {
  readonly #cells = new Map<string, Cell>();

  cell(...labels: readonly string[]): Cell {
    const name = labels.length === 1 ? (labels[0] ?? '') : labels.join('\n');
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    const made = { labels, value: 0 };
    this.#cells.set(name, made);
    return made;
  }

  has(label: string): boolean {
    return this.#cells.has(label);
  }

  get size(): number {
    return this.#cells.size;
  }

  list(): Sample[] {
    return [...this.#cells.values()];
  }
}
