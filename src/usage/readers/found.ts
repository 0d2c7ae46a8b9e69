import { SLOT, SLOTS, type Shape, type Slot } from './shape.js';

/** Answers to one request that are told apart; those beyond share the first place. */
const MOST_ANSWERS = 256;
/** A piece of text longer than this is no single token. */
const LONGEST_TOKEN_BYTES = 64;

/** Tokens that so many bytes of text come to, where nobody counted them. */
export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** What was seen of one event or body: numbers with a meaning, and pieces of answers. */
export class Found {
  /** NaN = not there. */
  readonly numbers = new Float64Array(SLOTS).fill(Number.NaN);
  /** Some number is there. */
  told = false;
  /** Place of the answer among those to the same request; null = not there. */
  index: number | null = null;
  /** Tokens that the pieces of text come to, one for each short piece. */
  tokens = 0;
  /** Some piece of text is there. */
  carried = false;
  /** A piece was too long for one token and was counted by its length. */
  guessed = false;
  /** Answers that began; null = there is no list of answers at all. */
  answers: number | null = null;
  /** Pieces of text, and where the last one stands in the bytes at hand. */
  texts = 0;
  readonly textAt = { from: 0, to: 0 };
  readonly #report: () => void;
  #textBytes = 0;

  /** `report` is called where the numbers so far are complete and mean one thing. */
  constructor(report: () => void) {
    this.#report = report;
  }

  number(slot: Slot, value: number): void {
    if (slot === SLOT.index) {
      this.index = value >= 0 && value < MOST_ANSWERS && Number.isInteger(value) ? value : 0;
      return;
    }
    this.numbers[slot] = value;
    this.told = true;
  }

  text(from: number, to: number): void {
    this.texts += 1;
    this.textAt.from = from;
    this.textAt.to = to;
    this.#textBytes += to - from;
  }

  open(shape: Shape): void {
    if (shape.answer) this.answers = (this.answers ?? 0) + 1;
    else if (shape.each?.answer === true) this.answers ??= 0;
  }

  close(shape: Shape): void {
    if (shape.answer) this.endPiece();
    if (shape.report) this.#report();
  }

  /** What came by until now belongs to one moment of one answer: one token, in however many members it stands. */
  endPiece(): void {
    const bytes = this.#textBytes;
    if (bytes === 0) return;
    this.#textBytes = 0;
    this.carried = true;
    if (bytes > LONGEST_TOKEN_BYTES) this.guessed = true;
    this.tokens += bytes > LONGEST_TOKEN_BYTES ? tokensOf(bytes) : 1;
  }

  clear(): void {
    if (this.told) this.numbers.fill(Number.NaN);
    this.told = false;
    this.index = null;
    this.tokens = 0;
    this.carried = false;
    this.guessed = false;
    this.answers = null;
    this.texts = 0;
    this.#textBytes = 0;
  }
}
