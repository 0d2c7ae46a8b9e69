import type { Counted, Meter } from '../meter.js';
import { Found } from './found.js';
import { JsonWalk } from './json-walk.js';
import { readReport } from './report.js';
import { REALTIME } from './shapes.js';

/** A longer message is sound, and tells nothing. */
const LONGEST_READ_BYTES = 1_048_576;
const NOTHING = Buffer.alloc(0);

/** Reads what the server of a realtime session says, message by message: each response in it tells its own use. */
export class RealtimeMeter implements Meter {
  readonly #found = new Found(() => this.#report());
  readonly #walk = new JsonWalk(REALTIME, this.#found);
  /** The beginning of a short token that the last piece cut. */
  #held: Buffer = NOTHING;
  #messageBytes = 0;
  #input: number | null = null;
  #cached: number | null = null;
  #output = 0;
  /** Pieces of the response that runs, of whose use nothing is told yet. */
  #running = 0;

  /** A piece of a message, cut anywhere. */
  push(bytes: Buffer): Buffer {
    this.#messageBytes += bytes.length;
    if (this.#messageBytes > LONGEST_READ_BYTES) return bytes;
    const piece = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#walk.begin();
    const stopped = this.#walk.walk(piece, 0, piece.length);
    // A copy: a part of the piece would keep all of it.
    this.#held = stopped === piece.length ? NOTHING : Buffer.from(piece.subarray(stopped));
    return bytes;
  }

  /** The message is whole. */
  endMessage(): void {
    this.#found.endPiece();
    // Sound comes in long pieces, of which each is one step of the model.
    this.#running += this.#found.guessed ? 1 : this.#found.tokens;
    this.#found.clear();
    this.#found.tokens = 0;
    this.#walk.restart();
    this.#held = NOTHING;
    this.#messageBytes = 0;
  }

  get outputTokens(): number {
    return this.#output + this.#running;
  }

  counted(): Counted {
    return {
      inputTokens: this.#input,
      outputTokens: this.outputTokens,
      cachedTokens: this.#cached,
      certainty: this.#running > 0 || this.#input === null ? 'counted' : 'reported',
      gpuSeconds: null,
    };
  }

  #report(): void {
    const { input, output, cached } = readReport(this.#found.numbers);
    if (output === null) return;
    this.#output += output;
    this.#input = (this.#input ?? 0) + (input ?? 0);
    if (cached !== null) this.#cached = (this.#cached ?? 0) + cached;
    this.#running = 0;
  }
}
