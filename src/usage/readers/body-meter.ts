import type { Counted, Meter } from '../meter.js';
import { Found, tokensOf } from './found.js';
import { JsonWalk } from './json-walk.js';
import type { Shape } from './shape.js';
import { Tally } from './tally.js';

const NOTHING = Buffer.alloc(0);

/** Reads a JSON body in pieces cut anywhere. Without usage in it, its size tells. */
export class BodyMeter implements Meter {
  readonly #tally = new Tally();
  readonly #found: Found;
  readonly #walk: JsonWalk;
  readonly #countOutput: boolean;
  /** The beginning of a short token that the last piece cut. */
  #held: Buffer = NOTHING;
  #bytes = 0;

  /** Without `countOutput`, the answer has no tokens but those that are told. */
  constructor(shape: Shape, countOutput: boolean) {
    this.#found = new Found(() => {
      this.#found.tokens = 0;
      this.#tally.takeReport(this.#found);
      this.#found.clear();
    });
    this.#walk = new JsonWalk(shape, this.#found);
    this.#countOutput = countOutput;
  }

  push(bytes: Buffer): Buffer {
    this.#bytes += bytes.length;
    const piece = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#walk.begin();
    const stopped = this.#walk.walk(piece, 0, piece.length);
    // A copy: a part of the piece would keep all of it.
    this.#held = stopped === piece.length ? NOTHING : Buffer.from(piece.subarray(stopped));
    return bytes;
  }

  get outputTokens(): number {
    return this.counted().outputTokens;
  }

  counted(): Counted {
    const counted = this.#tally.counted();
    if (this.#tally.outputTold) return counted;
    if (!this.#countOutput) return { ...counted, certainty: counted.inputTokens === null ? 'estimated' : 'reported' };
    return { ...counted, outputTokens: tokensOf(this.#bytes), certainty: 'estimated' };
  }
}
