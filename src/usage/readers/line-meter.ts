import type { Counted, Meter } from '../meter.js';
import { Found } from './found.js';
import { JsonWalk } from './json-walk.js';
import type { Shape } from './shape.js';
import { Tally } from './tally.js';

const LF = 0x0a;

/** Reads a stream of one JSON object a line, in pieces of whole lines. */
export class LineMeter implements Meter {
  readonly #tally = new Tally();
  readonly #found: Found;
  readonly #walk: JsonWalk;

  constructor(shape: Shape) {
    this.#found = new Found(() => {
      this.#takeTokens();
      this.#tally.takeReport(this.#found);
    });
    this.#walk = new JsonWalk(shape, this.#found);
  }

  push(bytes: Buffer): Buffer {
    this.#walk.begin();
    for (let at = 0; at < bytes.length;) {
      const feed = bytes.indexOf(LF, at);
      const end = feed < 0 ? bytes.length : feed;
      this.#walk.walk(bytes, at, end);
      this.#takeTokens();
      this.#found.clear();
      this.#walk.restart();
      at = end + 1;
    }
    return bytes;
  }

  get outputTokens(): number {
    return this.#tally.passed;
  }

  counted(): Counted {
    return this.#tally.counted();
  }

  #takeTokens(): void {
    this.#found.endPiece();
    this.#tally.takeTokens(this.#found);
    this.#found.tokens = 0;
  }
}
