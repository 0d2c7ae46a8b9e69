/**
 * Follows the brackets of a JSON answer, for the one case in which the wire does not tell whether it
 * is whole: a body that ends with its connection.
 */
export class JsonBalance {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #begun = false;

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#inString) this.#inside(byte);
      else if (byte === 0x22) this.#inString = true;
      else if (byte === 0x7b || byte === 0x5b) this.#open();
      else if (byte === 0x7d || byte === 0x5d) this.#depth -= 1;
    }
  }

  /** One value with brackets began and every bracket is closed. */
  get whole(): boolean {
    return this.#begun && this.#depth === 0 && !this.#inString;
  }

  #inside(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === 0x5c) this.#escaped = true;
    else if (byte === 0x22) this.#inString = false;
  }

  #open(): void {
    this.#begun = true;
    this.#depth += 1;
  }
}

/** Remembers the last pieces of an event stream and tells whether they hold a mark of a finished answer. */
export class EndMarks {
  readonly #marks: readonly Buffer[];
  #last: Buffer | null = null;
  #before: Buffer | null = null;

  constructor(marks: readonly Buffer[]) {
    this.#marks = marks;
  }

  push(events: Buffer): void {
    this.#before = this.#last;
    this.#last = events;
  }

  /** True too when the dialect has no marks: then the framing alone decides. */
  get finished(): boolean {
    if (this.#marks.length === 0) return true;
    return this.#marks.some((mark) => this.#last?.includes(mark) === true || this.#before?.includes(mark) === true);
  }
}
