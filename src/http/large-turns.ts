/** Bodies from this size on take turns. */
const LARGE_BYTES = 262_144;

/**
 * Large bodies are judged one in a turn of the event loop, so that everybody else is served between two of
 * them: what one takes nobody notices, what ten take at once everybody would.
 */
export class LargeTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the turn of this body; null = it is small and need not wait. */
  next(body: Buffer): Promise<void> | null {
    if (body.length < LARGE_BYTES) return null;
    this.#last = this.#last.then(nextTurn);
    return this.#last;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
