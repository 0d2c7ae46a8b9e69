const NOTHING = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;

/** An event longer than this is no event any more. */
export const MAX_EVENT_BYTES = 1_048_576;

/** Cuts a stream into what travels on whole. */
export interface Frames {
  /** The whole frames that are now complete, in one piece; empty when none is. */
  push(chunk: Buffer): Buffer;
  /** Bytes of a frame that has not ended. */
  readonly held: Buffer;
  readonly overfull: boolean;
}

/**
 * Cuts a byte stream at the ends of its server-sent events, so that only whole events travel on and
 * something of ours can always be said between two of them. A chunk that ends with an event passes
 * untouched and uncopied.
 */
export class SseFrames implements Frames {
  #held: Buffer = NOTHING;

  /** The whole events that are now complete, in one piece; empty when none is. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = lastEventEnd(bytes);
    this.#held = end === bytes.length ? NOTHING : bytes.subarray(end);
    return end === bytes.length ? bytes : bytes.subarray(0, end);
  }

  /** Bytes of an event that has not ended. */
  get held(): Buffer {
    return this.#held;
  }

  get overfull(): boolean {
    return this.#held.length > MAX_EVENT_BYTES;
  }
}

/** Where the last blank line ends: LF LF, or LF CR LF (which CRLF CRLF ends with). 0 = there is none. */
function lastEventEnd(bytes: Buffer): number {
  let at = bytes.length;
  while (at > 0) {
    const feed = bytes.lastIndexOf(LF, at - 1);
    if (feed <= 0) return 0;
    if (bytes[feed - 1] === LF) return feed + 1;
    if (bytes[feed - 1] === CR && bytes[feed - 2] === LF) return feed + 1;
    at = feed;
  }
  return 0;
}
