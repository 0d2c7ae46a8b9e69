const SPACE = 0x20;
/** Below it, what it takes to look at four bytes at a time costs more than it saves. */
const FEWEST_BYTES = 256;
const WORD_BYTES = 4;
/** A space in each byte of a word, and the highest bit of each. */
const SPACES = 0x20202020;
const HIGHEST = 0x80808080;

/**
 * Looks for bytes below the space, which JSON does not allow inside a string. Four at a time, sixteen in
 * a turn: prompts are long, everybody else waits meanwhile, and a search by pattern takes five times as long.
 */
export class ControlSearch {
  readonly #bytes: Buffer;
  #words: Uint32Array | null = null;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  standBetween(from: number, to: number): boolean {
    if (to - from < FEWEST_BYTES) return this.#inBytes(from, to);
    // Words lie at places that four divides, in the memory that the bytes are a part of.
    const { byteOffset } = this.#bytes;
    const first = from + ((WORD_BYTES - ((byteOffset + from) % WORD_BYTES)) % WORD_BYTES);
    const count = Math.floor((to - first) / (4 * WORD_BYTES)) * 4;
    return (
      this.#inBytes(from, first) ||
      this.#inWords((byteOffset + first) / WORD_BYTES, count) ||
      this.#inBytes(first + count * WORD_BYTES, to)
    );
  }

  #inBytes(from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) if ((this.#bytes[at] ?? SPACE) < SPACE) return true;
    return false;
  }

  /** `count` is a multiple of four. A byte below the space leaves its highest bit, or that of one above it. */
  #inWords(first: number, count: number): boolean {
    const words = (this.#words ??= wordsAround(this.#bytes));
    let found = 0;
    for (let at = first; at < first + count; at += 4) {
      const a = words[at] ?? 0;
      const b = words[at + 1] ?? 0;
      const c = words[at + 2] ?? 0;
      const d = words[at + 3] ?? 0;
      found |= ((a - SPACES) & ~a) | ((b - SPACES) & ~b) | ((c - SPACES) & ~c) | ((d - SPACES) & ~d);
    }
    return (found & HIGHEST) !== 0;
  }
}

/** The whole words of the memory that the bytes are a part of. */
function wordsAround({ buffer }: Buffer): Uint32Array {
  return new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / WORD_BYTES));
}
