const DIGEST_WORDS = 8;
const FEWEST_ENTRIES = 4;
const NO_ENTRY = -1;

/** The list as it travels between threads. */
export interface PackedPrevious {
  count: number;
  words: Uint32Array<ArrayBuffer>;
  expiries: Float64Array<ArrayBuffer>;
}

/** Digests of secrets before the last rotation, for the few keys that have one. An entry stays with its key for good. */
export class PreviousSecrets {
  #words: Uint32Array<ArrayBuffer>;
  /** Unix seconds, exclusive; 0 = the entry holds nothing. */
  #expiries: Float64Array<ArrayBuffer>;
  #count: number;

  constructor(packed?: PackedPrevious) {
    this.#words = packed?.words ?? new Uint32Array(FEWEST_ENTRIES * DIGEST_WORDS);
    this.#expiries = packed?.expiries ?? new Float64Array(FEWEST_ENTRIES);
    this.#count = packed?.count ?? 0;
  }

  /** Digests, eight words an entry. */
  get words(): Uint32Array {
    return this.#words;
  }

  expiresAt(entry: number): number | null {
    return this.#expiries[entry] || null;
  }

  /** Writes a secret into the entry of its key and returns the entry; -1 before and after means that the key has none. */
  put(entry: number, digest: Uint8Array | null, expiresAt: number | null): number {
    const ends = digest === null ? 0 : (expiresAt ?? 0);
    if (entry === NO_ENTRY && ends <= 0) return NO_ENTRY;
    const kept = entry === NO_ENTRY ? this.#add() : entry;
    const bytes = new Uint8Array(this.#words.buffer, kept * DIGEST_WORDS * 4, DIGEST_WORDS * 4);
    bytes.fill(0);
    if (digest !== null && ends > 0) bytes.set(digest);
    this.#expiries[kept] = Math.max(ends, 0);
    return kept;
  }

  pack(): PackedPrevious {
    return { count: this.#count, words: this.#words, expiries: this.#expiries };
  }

  #add(): number {
    if (this.#count === this.#expiries.length) {
      const words = new Uint32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
      const expiries = new Float64Array(this.#expiries.length * 2);
      expiries.set(this.#expiries);
      this.#expiries = expiries;
    }
    return this.#count++;
  }
}
