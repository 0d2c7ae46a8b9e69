import type { Counted, Meter } from '../meter.js';
import { tokensOf } from './found.js';

/** Knows of an answer nothing but its size. */
export class SizeMeter implements Meter {
  readonly #countOutput: boolean;
  #bytes = 0;

  constructor(countOutput: boolean) {
    this.#countOutput = countOutput;
  }

  push(bytes: Buffer): Buffer {
    this.#bytes += bytes.length;
    return bytes;
  }

  get outputTokens(): number {
    return this.counted().outputTokens;
  }

  counted(): Counted {
    return {
      inputTokens: null,
      outputTokens: this.#countOutput ? tokensOf(this.#bytes) : 0,
      cachedTokens: null,
      certainty: 'estimated',
      gpuSeconds: null,
    };
  }
}
