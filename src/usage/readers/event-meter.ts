import type { Counted, Meter } from '../meter.js';
import { AlikeEvent } from './alike-event.js';
import { Found } from './found.js';
import { JsonWalk } from './json-walk.js';
import { SLOT, type Shape } from './shape.js';
import { Tally } from './tally.js';

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);
const DATA = Buffer.from('data:');

/** Reads a stream of server-sent events, in pieces of whole events. */
export class EventMeter implements Meter {
  readonly #tally = new Tally();
  readonly #found: Found;
  readonly #walk: JsonWalk;
  readonly #alike = new AlikeEvent();
  readonly #hideUsage: boolean;
  /** The event at hand is nothing but the usage. */
  #onlyUsage = false;

  /** With `hideUsage`, an event that holds nothing but the usage does not travel on. */
  constructor(shape: Shape, hideUsage: boolean) {
    this.#found = new Found(() => this.#report());
    this.#walk = new JsonWalk(shape, this.#found);
    this.#hideUsage = hideUsage;
  }

  push(bytes: Buffer): Buffer {
    this.#walk.begin();
    let kept: Buffer[] | null = null;
    let keptTo = 0;
    for (let at = 0; at < bytes.length;) {
      const end = this.#event(bytes, at);
      if (this.#onlyUsage && this.#hideUsage) {
        (kept ??= []).push(bytes.subarray(keptTo, at));
        keptTo = end;
      }
      at = end;
    }
    return kept === null ? bytes : joined([...kept, bytes.subarray(keptTo)]);
  }

  get outputTokens(): number {
    return this.#tally.passed;
  }

  counted(): Counted {
    return this.#tally.counted();
  }

  /** Reads the event that begins here, and answers where the next one does. */
  #event(bytes: Buffer, from: number): number {
    this.#onlyUsage = false;
    const alike = this.#alike.match(bytes, from);
    const found = this.#found;
    if (alike >= 0) {
      found.index = this.#alike.answer;
      found.text(0, this.#alike.textBytes);
    }
    const to = alike >= 0 ? alike : this.#lines(bytes, from);
    this.#takeTokens();
    if (alike < 0 && found.texts === 1 && !found.told)
      this.#alike.learn(bytes, { from, to }, { text: found.textAt, answer: found.index });
    found.clear();
    return to;
  }

  /** Walks over the data of the event, up to the end of its blank line. */
  #lines(bytes: Buffer, from: number): number {
    this.#walk.restart();
    let at = from;
    while (at < bytes.length) {
      const feed = bytes.indexOf(LF, at);
      const next = feed < 0 ? bytes.length : feed + 1;
      const end = feed < 0 ? next : feed;
      const line = end > at && bytes[end - 1] === CR ? end - 1 : end;
      const isBlank = line === at;
      // With the end of the line, which ends a number.
      if (isData(bytes, at, line)) this.#walk.walk(bytes, at + DATA.length, next);
      at = next;
      if (isBlank) break;
    }
    return at;
  }

  #takeTokens(): void {
    this.#found.endPiece();
    this.#tally.takeTokens(this.#found);
    this.#found.tokens = 0;
  }

  #report(): void {
    this.#takeTokens();
    this.#tally.takeReport(this.#found);
    const { answers, numbers } = this.#found;
    this.#onlyUsage =
      answers === 0 && [SLOT.input, SLOT.output, SLOT.total].some((slot) => !Number.isNaN(numbers[slot]));
  }
}

function isData(bytes: Buffer, from: number, to: number): boolean {
  if (to - from <= DATA.length) return false;
  let at = 0;
  while (at < DATA.length && bytes[from + at] === DATA[at]) at += 1;
  return at === DATA.length;
}

function joined(pieces: readonly Buffer[]): Buffer {
  const some = pieces.filter((piece) => piece.length > 0);
  return some.length === 1 ? (some[0] ?? NOTHING) : Buffer.concat(some);
}
