const CLOSE = 8;
const LONGEST_REASON_BYTES = 123;

/** Reads the text that a server sends: a piece of a message, cut anywhere, or its end. */
export interface MessageReader {
  piece(bytes: Buffer): void;
  end(): void;
}

/** Follows the frames a server sends, to know where something of ours may be said between two of them. */
export class FrameBounds {
  /** The server said that it ends. */
  closed = false;
  #head: number[] = [];
  /** Bytes of the running frame that are still to come. */
  #left = 0;
  /** In the middle of a message of several frames. */
  #fragmented = false;
  /** The running frame belongs to a message, and is its last. */
  #isMessage = false;
  #isLast = false;
  readonly #reader: MessageReader | null;

  constructor(reader: MessageReader | null = null) {
    this.#reader = reader;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        if (this.#isMessage) this.#reader?.piece(chunk.subarray(at, at + taken));
        at += taken;
        if (this.#left === 0) this.#frameOver();
      } else {
        this.#head.push(chunk[at] ?? 0);
        at += 1;
        this.#readHead();
      }
    }
  }

  get betweenFrames(): boolean {
    return this.#left === 0 && this.#head.length === 0 && !this.closed;
  }

  get betweenMessages(): boolean {
    return this.betweenFrames && !this.#fragmented;
  }

  #readHead(): void {
    const [first = 0, second = 0] = this.#head;
    if (this.#head.length < 2) return;
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const masked = (second & 0x80) === 0 ? 0 : 4;
    if (this.#head.length < 2 + extended + masked) return;
    const length = this.#head.slice(2, 2 + extended).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#left = extended === 0 ? short : length;
    this.#head = [];
    const operation = first & 0x0f;
    if (operation === CLOSE) this.closed = true;
    this.#isMessage = operation < CLOSE;
    this.#isLast = (first & 0x80) !== 0;
    if (this.#isMessage) this.#fragmented = !this.#isLast;
    if (this.#left === 0) this.#frameOver();
  }

  #frameOver(): void {
    if (this.#isMessage && this.#isLast) this.#reader?.end();
  }
}

/** A whole message of text, as a server sends it. */
export function textFrame(text: string): Buffer {
  return frame(0x81, Buffer.from(text));
}

/** The frame by which a server ends, with a status and a reason. */
export function closeFrame(status: number, reason: string): Buffer {
  const words = Buffer.from(reason.slice(0, LONGEST_REASON_BYTES)).subarray(0, LONGEST_REASON_BYTES);
  const body = Buffer.alloc(2 + words.length);
  body.writeUInt16BE(status);
  words.copy(body, 2);
  return frame(0x80 | CLOSE, body);
}

function frame(first: number, body: Buffer): Buffer {
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body]);
  const head = Buffer.from([first, 126, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}
