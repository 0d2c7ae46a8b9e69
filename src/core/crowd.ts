/** One member's place in a `Crowd`. */
interface Place<T> {
  item: T;
  at: number;
}

/**
 * Things that come and go thousands of times a second while few are there at once. A `Map` or `Set`
 * would make a new table every few dozen changes, and each old table, once promoted, keeps everything
 * it ever held alive until the next full collection: measured, a third of all processor time.
 */
export class Crowd<T> {
  readonly #places: Place<T>[] = [];

  /** Adds; the result takes it out again and may be called more than once. */
  add(item: T): () => void {
    const place: Place<T> = { item, at: this.#places.length };
    this.#places.push(place);
    return () => this.#remove(place);
  }

  get size(): number {
    return this.#places.length;
  }

  /** A copy, so that members may leave while it is walked. */
  list(): T[] {
    return this.#places.map(({ item }) => item);
  }

  #remove(place: Place<T>): void {
    if (this.#places[place.at] !== place) return;
    const last = this.#places.pop();
    if (last === undefined || last === place) return;
    last.at = place.at;
    this.#places[place.at] = last;
  }
}
