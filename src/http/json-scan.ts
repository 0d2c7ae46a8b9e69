import { isUtf8 } from 'node:buffer';
import type { Refusal } from '../core/errors.js';
import type { JsonKind, TopMember } from '../core/exchange.js';
import { ControlSearch } from './control-search.js';
import { endOfEscaped } from './json-escapes.js';
import { broken, brokenAt, duplicate, tooMuch } from './json-faults.js';

export type { TopMember };

export const MAX_DEPTH = 64;
export const MAX_MEMBERS = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** From this length on a native search is faster than a loop. */
const LONG_STRING_BYTES = 48;
const WORDS: readonly (readonly ['true' | 'false' | 'null', Buffer])[] = [
  ['true', Buffer.from('true')],
  ['false', Buffer.from('false')],
  ['null', Buffer.from('null')],
];

/**
 * Reads the bytes of a JSON object once, checks all of its grammar (RFC 8259, UTF-8 only) and tells
 * where the outermost members stand. No tree is built: a body of 10 MB costs little more than a
 * search through it, and the bytes that were checked are the bytes that are sent.
 *
 * Refuses bad JSON, a depth over 64, more than 100,000 members and elements, and a name that
 * stands twice in the outermost object.
 */
export function scanObject(bytes: Buffer): TopMember[] {
  if (!isUtf8(bytes)) throw broken('it is not in UTF-8');
  return new Scan(bytes).outermost();
}

/** The members of the object that begins at `from` inside bytes that were checked already. */
export function membersAt(bytes: Buffer, from: number): TopMember[] {
  return new Scan(bytes, from).members();
}

class Scan {
  readonly #bytes: Buffer;
  #at = 0;
  #counted = 0;
  /** Place of the next backslash at or after `#at`, as last searched; -1 = not searched. */
  #nextBackslash = -1;
  readonly #controls: ControlSearch;

  constructor(bytes: Buffer, from = 0) {
    this.#bytes = bytes;
    this.#controls = new ControlSearch(bytes);
    this.#at = from;
  }

  outermost(): TopMember[] {
    this.#space();
    if (this.#bytes[this.#at] !== 0x7b) throw broken('it must be a JSON object');
    const members = this.members();
    this.#space();
    if (this.#at < this.#bytes.length) throw this.#broken();
    return members;
  }

  /** The members of the object that begins here. */
  members(): TopMember[] {
    const members: TopMember[] = [];
    const names = new Set<string>();
    this.#object((name, kind, from) => {
      const text = JSON.parse(this.#bytes.toString('utf8', name.from, name.to)) as string;
      if (names.has(text)) throw duplicate(text);
      names.add(text);
      members.push({ name: text, kind, from, to: this.#at });
    }, 1);
    return members;
  }

  /** Reads one value and tells its kind. `depth` counts the containers around it. */
  #value(depth: number): JsonKind {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) {
      this.#string();
      return 'string';
    }
    if (byte === 0x7b || byte === 0x5b) {
      if (depth >= MAX_DEPTH) throw tooMuch(`it is nested deeper than ${MAX_DEPTH} levels`);
      if (byte === 0x7b) this.#object(null, depth + 1);
      else this.#array(depth + 1);
      return byte === 0x7b ? 'object' : 'array';
    }
    if (byte === MINUS || (byte !== undefined && byte >= ZERO && byte <= NINE)) {
      this.#number();
      return 'number';
    }
    return this.#word();
  }

  #object(
    each: ((name: { from: number; to: number }, kind: JsonKind, from: number) => void) | null,
    depth: number,
  ): void {
    this.#at += 1;
    this.#space();
    if (this.#take(0x7d)) return;
    for (;;) {
      const name = { from: this.#at, to: 0 };
      if (this.#bytes[this.#at] !== QUOTE) throw this.#broken();
      this.#string();
      name.to = this.#at;
      this.#space();
      if (!this.#take(0x3a)) throw this.#broken();
      this.#space();
      const from = this.#at;
      const kind = this.#value(depth);
      this.#count();
      each?.(name, kind, from);
      if (this.#closes(0x7d)) return;
    }
  }

  #array(depth: number): void {
    this.#at += 1;
    this.#space();
    if (this.#take(0x5d)) return;
    for (;;) {
      this.#value(depth);
      this.#count();
      if (this.#closes(0x5d)) return;
    }
  }

  /** After an element: true at the end of the container, false when another element follows. */
  #closes(end: number): boolean {
    this.#space();
    if (this.#take(end)) return true;
    if (!this.#take(0x2c)) throw this.#broken();
    this.#space();
    return false;
  }

  #string(): void {
    const start = this.#at + 1;
    // Names and short values: a loop is faster than native searches until here.
    const near = Math.min(start + LONG_STRING_BYTES, this.#bytes.length);
    for (let at = start; at < near; at += 1) {
      const byte = this.#bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (byte === BACKSLASH || byte < SPACE) break;
    }
    this.#longString(start);
  }

  #longString(start: number): void {
    let end = this.#bytes.indexOf(QUOTE, start);
    if (end < 0) throw this.#broken(this.#bytes.length);
    if (this.#nextBackslash < start) {
      const found = this.#bytes.indexOf(BACKSLASH, start);
      this.#nextBackslash = found < 0 ? this.#bytes.length : found;
    }
    if (this.#nextBackslash < end) {
      end = endOfEscaped(this.#bytes, start);
      this.#nextBackslash = -1;
    }
    if (this.#controls.standBetween(start, end)) throw this.#broken(start);
    this.#at = end + 1;
  }

  #number(): void {
    if (this.#bytes[this.#at] === MINUS) this.#at += 1;
    const first = this.#at;
    this.#digits();
    if (this.#bytes[first] === ZERO && this.#at > first + 1) throw this.#broken(first);
    if (this.#take(0x2e)) this.#digits();
    const exponent = this.#bytes[this.#at];
    if (exponent !== 0x65 && exponent !== 0x45) return;
    this.#at += 1;
    const sign = this.#bytes[this.#at];
    if (sign === 0x2b || sign === MINUS) this.#at += 1;
    this.#digits();
  }

  /** At least one digit. */
  #digits(): void {
    const first = this.#at;
    for (
      let byte = this.#bytes[this.#at];
      byte !== undefined && byte >= ZERO && byte <= NINE;
      byte = this.#bytes[this.#at]
    )
      this.#at += 1;
    if (this.#at === first) throw this.#broken();
  }

  #word(): JsonKind {
    for (const [kind, word] of WORDS) {
      if (
        this.#bytes[this.#at] === word[0] &&
        this.#bytes.compare(word, 0, word.length, this.#at, Math.min(this.#at + word.length, this.#bytes.length)) === 0
      ) {
        this.#at += word.length;
        return kind;
      }
    }
    throw this.#broken();
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  #count(): void {
    this.#counted += 1;
    if (this.#counted > MAX_MEMBERS) throw tooMuch(`it has more than ${MAX_MEMBERS} members`);
  }

  #broken(at = this.#at): Refusal {
    return brokenAt(this.#bytes, at);
  }
}
