const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);
/** Longer events are rare, and are not remembered. */
const LONGEST_EVENT_BYTES = 4096;
/** After so many that were remembered in vain, this stream has a number in each of its events. */
const MOST_MISSES = 8;

/** Where the only piece of text stands in an event. */
export interface TextPlace {
  from: number;
  to: number;
}

/**
 * Most events of a stream are the same bytes but for one piece of text. Remembers what stands around that
 * text in the last event (never the text), so that the next one need not be read where it is the same.
 */
export class AlikeEvent {
  /** Of the event that matched: how many bytes its text has. */
  textBytes = 0;
  /** Of the event that was learned: which of several answers it belongs to. */
  answer: number | null = null;
  #before: Buffer = NOTHING;
  #after: Buffer = NOTHING;
  #misses = 0;

  /** Behind the event that begins here, if it is like the last one but for its text; else -1. */
  match(bytes: Buffer, from: number): number {
    const before = this.#before;
    const text = from + before.length;
    if (before.length === 0 || text >= bytes.length) return -1;
    if (bytes.compare(before, 0, before.length, from, text) !== 0) return -1;
    const end = closingQuote(bytes, text);
    if (end < 0 || !this.#endsAlike(bytes, end)) return -1;
    this.textBytes = end - text;
    this.#misses = 0;
    return end + this.#after.length;
  }

  /** Remembers the event between `from` and `to`, which told nothing but this text of this answer. */
  learn(bytes: Buffer, { from, to }: TextPlace, { text, answer }: { text: TextPlace; answer: number | null }): void {
    if (this.#misses >= MOST_MISSES || to - from > LONGEST_EVENT_BYTES || bytes[text.to] !== QUOTE) return;
    this.#misses += 1;
    this.answer = answer;
    this.#before = Buffer.from(bytes.subarray(from, text.from));
    this.#after = Buffer.from(bytes.subarray(text.to, to));
  }

  #endsAlike(bytes: Buffer, from: number): boolean {
    const after = this.#after;
    let at = 0;
    while (at < after.length && bytes[from + at] === after[at]) at += 1;
    return at === after.length;
  }
}

function closingQuote(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === LF) return -1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return -1;
}
