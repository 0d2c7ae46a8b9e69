import type { LastUse } from './request-row.js';

type Slot = 'current' | 'previous';

const FEWEST = 64;

/** Last uses as columns; 0 = never. Unix seconds. */
export interface LastUses {
  ids: string[];
  current: Uint32Array<ArrayBuffer>;
  previous: Uint32Array<ArrayBuffer>;
}

/** Last use of every key that was ever used, and which of them the store does not know yet. */
export class LastUseMap implements LastUse {
  readonly #places = new Map<string, number>();
  #current = new Uint32Array(FEWEST);
  #previous = new Uint32Array(FEWEST);
  readonly #unsaved = new Set<string>();

  touch(keyId: string, slot: Slot, unixSeconds: number): void {
    const place = this.#places.get(keyId) ?? this.#add(keyId);
    const column = slot === 'current' ? this.#current : this.#previous;
    if ((column[place] ?? 0) >= unixSeconds) return;
    column[place] = unixSeconds;
    this.#unsaved.add(keyId);
  }

  of(keyId: string): { current: number | null; previous: number | null } {
    const place = this.#places.get(keyId);
    if (place === undefined) return { current: null, previous: null };
    return { current: this.#current[place] || null, previous: this.#previous[place] || null };
  }

  /** Adds what the store knows; what is newer here stays. */
  merge(stored: LastUses): void {
    stored.ids.forEach((id, at) => {
      const place = this.#places.get(id) ?? this.#add(id);
      this.#current[place] = Math.max(this.#current[place] ?? 0, stored.current[at] ?? 0);
      this.#previous[place] = Math.max(this.#previous[place] ?? 0, stored.previous[at] ?? 0);
    });
  }

  /** Hands over what changed since the last call; null when nothing did. */
  takeUnsaved(): LastUses | null {
    if (this.#unsaved.size === 0) return null;
    const ids = [...this.#unsaved];
    this.#unsaved.clear();
    const places = ids.map((id) => this.#places.get(id) ?? 0);
    return {
      ids,
      current: Uint32Array.from(places, (place) => this.#current[place] ?? 0),
      previous: Uint32Array.from(places, (place) => this.#previous[place] ?? 0),
    };
  }

  /** Takes back what could not be written. */
  putBack(ids: readonly string[]): void {
    for (const id of ids) this.#unsaved.add(id);
  }

  #add(keyId: string): number {
    const place = this.#places.size;
    if (place === this.#current.length) {
      this.#current = doubled(this.#current);
      this.#previous = doubled(this.#previous);
    }
    this.#places.set(keyId, place);
    return place;
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
