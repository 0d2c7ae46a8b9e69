import { MAX_EVENT_BYTES, type Frames } from './sse-frames.js';

const NOTHING = Buffer.alloc(0);
const LF = 0x0a;

/** Cuts a stream of one JSON object a line at the ends of its lines. A chunk that ends with a line passes uncopied. */
export class LineFrames implements Frames {
  #held: Buffer = NOTHING;

  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = bytes.lastIndexOf(LF) + 1;
    this.#held = end === bytes.length ? NOTHING : bytes.subarray(end);
    return end === bytes.length ? bytes : bytes.subarray(0, end);
  }

  get held(): Buffer {
    return this.#held;
  }

  get overfull(): boolean {
    return this.#held.length > MAX_EVENT_BYTES;
  }
}
