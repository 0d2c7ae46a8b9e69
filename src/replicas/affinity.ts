/** Conversations remembered for one model; the one unused for longest is forgotten first. */
const MOST_REMEMBERED = 20_000;

/** Which replica holds the beginning of which conversation. Bounded; forgetting costs time and nothing else. */
export class Affinity {
  readonly #homes = new Map<string, string>();

  /** The URL of the replica that last answered with this beginning, or null. */
  home(prefix: string): string | null {
    return this.#homes.get(prefix) ?? null;
  }

  learn(prefix: string, url: string): void {
    this.#homes.delete(prefix);
    this.#homes.set(prefix, url);
    if (this.#homes.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#homes.keys()) {
      this.#homes.delete(oldest);
      return;
    }
  }

  get size(): number {
    return this.#homes.size;
  }
}
