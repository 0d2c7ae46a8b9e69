import type { Found } from './found.js';
import { shapeOf, type Shape } from './shape.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** `{` and `[` are the same but for this bit, and so are `}` and `]`. */
const ROUND = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LEAST_BRACKET = 0x5b;
/** From this length on a native search is faster than a loop. */
const LONG_STRING_BYTES = 64;
/** Longer names and numbers mean nothing to us. */
const LONGEST_TOKEN_BYTES = 64;

/**
 * Walks over JSON in pieces cut anywhere and picks out what a shape asks for. Each byte is looked at once,
 * nothing is built and nothing is kept but the place in the shape: depth costs nothing. Text that is no
 * JSON does no harm; what is read in it then means nothing. Names written with escapes are not recognised.
 */
export class JsonWalk {
  readonly #root: Shape;
  readonly #found: Found;
  /** Containers around this place in which something is looked for, outermost first; the innermost by itself. */
  readonly #shapes: Shape[] = [];
  readonly #objects: boolean[] = [];
  #depth = 0;
  #shape: Shape | null = null;
  #inObject = false;
  /** The next string is a name. */
  #nameNext = false;
  /** What the next value is looked at for. */
  #target: Shape | null;
  /** Containers around this place in which nothing is looked for. */
  #skipped = 0;
  #inString = false;
  #escaped = false;
  /** The string is a piece of the answer. */
  #counts = false;
  /** The next quote and backslash as last searched in these bytes; -1 = not searched. */
  #quote = -1;
  #slash = -1;

  constructor(root: Shape, found: Found) {
    this.#root = root;
    this.#target = root;
    this.#found = found;
  }

  /** Ready for another text. */
  restart(): void {
    this.#depth = 0;
    this.#shape = null;
    this.#inObject = false;
    this.#nameNext = false;
    this.#target = this.#root;
    this.#skipped = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** Other bytes than before: places in them are other places. */
  begin(): void {
    this.#quote = -1;
    this.#slash = -1;
  }

  /** Goes on with these bytes. Answers where it stopped: at the end, or before a short token that the end cuts. */
  walk(bytes: Buffer, from: number, to: number): number {
    let at = this.#inString ? this.#string(bytes, from, to) : from;
    while (at < to) {
      if (this.#skipped > 0) {
        at = this.#skip(bytes, at, to);
        continue;
      }
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        const end = this.#nameNext
          ? this.#name(bytes, at, to)
          : this.#value(bytes, at + 1, { to, counts: this.#target !== null && this.#target.text });
        if (end < 0) return at;
        at = end;
      } else if (byte <= NINE && byte >= MINUS && this.#target !== null && this.#target.slot !== null) {
        const end = this.#number(bytes, at, to);
        if (end < 0) return at;
        at = end;
      } else {
        at += 1;
        if (byte === COMMA) this.#next();
        else if ((byte | ROUND) === OPEN) this.#open(byte === OPEN);
        else if ((byte | ROUND) === CLOSE) this.#close();
      }
    }
    return to;
  }

  #next(): void {
    this.#nameNext = this.#inObject;
    this.#target = this.#inObject || this.#shape === null ? null : this.#shape.each;
  }

  #open(isObject: boolean): void {
    const shape = this.#target;
    if (shape === null) {
      this.#skipped = 1;
      return;
    }
    this.#shapes[this.#depth] = shape;
    this.#objects[this.#depth] = isObject;
    this.#depth += 1;
    this.#shape = shape;
    this.#inObject = isObject;
    this.#nameNext = isObject;
    this.#target = isObject ? null : shape.each;
    this.#found.open(shape);
  }

  #close(): void {
    if (this.#shape === null) return;
    this.#found.close(this.#shape);
    this.#depth -= 1;
    const around = this.#depth - 1;
    this.#shape = around < 0 ? null : (this.#shapes[around] ?? null);
    this.#inObject = around >= 0 && this.#objects[around] === true;
    this.#nameNext = false;
    this.#target = null;
  }

  /** Over containers in which nothing is looked for. */
  #skip(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const byte = bytes[at] ?? 0;
      at += 1;
      // Digits and what stands between them: long lists are of numbers.
      if (byte > QUOTE && byte < LEAST_BRACKET) continue;
      if (byte === QUOTE) at = this.#value(bytes, at, { to, counts: false });
      else if ((byte | ROUND) === OPEN) this.#skipped += 1;
      else if ((byte | ROUND) === CLOSE) {
        this.#skipped -= 1;
        if (this.#skipped === 0) return at;
      }
    }
    return at;
  }

  /** Behind the name that begins here; -1 = it does not end in these bytes. */
  #name(bytes: Buffer, from: number, to: number): number {
    const start = from + 1;
    let at = start;
    const longest = start + LONGEST_TOKEN_BYTES;
    while (at < to && at < longest && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at += 1;
    if (at === to && at < longest) return -1;
    this.#nameNext = false;
    if (at < to && bytes[at] === QUOTE) {
      this.#target = this.#shape === null ? null : shapeOf(this.#shape.members[at - start], bytes, start);
      return at + 1;
    }
    this.#target = null;
    this.#counts = false;
    return this.#string(bytes, at, to);
  }

  /** Behind a string that begins before `from`. */
  #value(bytes: Buffer, from: number, { to, counts }: { to: number; counts: boolean }): number {
    const near = Math.min(to, from + LONG_STRING_BYTES);
    for (let at = from; at < near; at += 1) {
      const byte = bytes[at];
      if (byte === BACKSLASH) break;
      if (byte !== QUOTE) continue;
      if (counts) this.#found.text(from, at);
      return at + 1;
    }
    this.#counts = counts;
    return this.#string(bytes, from, to);
  }

  /** Behind the closing quote of the string around `from`, or the end of the bytes when it goes on. */
  #string(bytes: Buffer, from: number, to: number): number {
    let at = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    this.#inString = true;
    while (at < to) {
      const near = Math.min(to, at + LONG_STRING_BYTES);
      while (at < near) {
        const byte = bytes[at];
        if (byte === QUOTE) return this.#closed(from, at);
        at += byte === BACKSLASH ? 2 : 1;
      }
      if (at < to) at = Math.min(to, this.#nextMark(bytes, at));
    }
    this.#escaped = at > to;
    if (this.#counts) this.#found.text(from, to);
    return to;
  }

  #closed(from: number, quote: number): number {
    this.#inString = false;
    if (this.#counts) this.#found.text(from, quote);
    return quote + 1;
  }

  /** The next quote or backslash: where a long string has something to look at again. */
  #nextMark(bytes: Buffer, at: number): number {
    if (this.#quote < at) this.#quote = place(bytes, QUOTE, at);
    if (this.#slash < at) this.#slash = place(bytes, BACKSLASH, at);
    return Math.min(this.#quote, this.#slash);
  }

  /** Behind the number that begins here; -1 = these bytes end with it, and more of it may follow. */
  #number(bytes: Buffer, from: number, to: number): number {
    const slot = this.#target?.slot ?? null;
    let at = from;
    let value = 0;
    let plain = true;
    for (; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte >= ZERO && byte <= NINE) value = value * 10 + byte - ZERO;
      else if (isOfNumber(byte)) plain = false;
      else break;
    }
    const short = at - from < LONGEST_TOKEN_BYTES;
    if (at === to && short) return -1;
    // Digits alone are exact up to 2^53, far above what counts.
    if (slot !== null && short && at > from)
      this.#found.number(slot, plain ? value : Number(bytes.toString('latin1', from, at)));
    this.#target = null;
    return at;
  }
}

/** `+`, `-`, `.`, `e`, `E`. */
function isOfNumber(byte: number): boolean {
  return byte === 0x2b || byte === MINUS || byte === 0x2e || byte === 0x65 || byte === 0x45;
}

function place(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}
