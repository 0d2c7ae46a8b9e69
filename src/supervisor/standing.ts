import type { ProcessCondition } from './process-state.js';

/** It was given up, and the state says why better than its exit code would. */
const GIVEN_UP: readonly ProcessCondition[] = ['failed_initial_delay', 'failed_probing'];
/** Nothing is on its way: it serves, or it is known not to. */
const SETTLED: readonly ProcessCondition[] = ['ready', 'failed', ...GIVEN_UP];

/** How a process stands now, and who waits for that to settle. */
export class Standing {
  readonly #changed: () => void;
  readonly #waiting = new Set<() => void>();
  #condition: ProcessCondition = 'pending';
  #detail: string | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get condition(): ProcessCondition {
    return this.#condition;
  }

  get detail(): string | null {
    return this.#detail;
  }

  get givenUp(): boolean {
    return GIVEN_UP.includes(this.#condition);
  }

  get settled(): boolean {
    return SETTLED.includes(this.#condition);
  }

  /** Tells of a new condition; a new detail of the same one is only kept. */
  set(condition: ProcessCondition, detail: string | null): void {
    const before = this.#condition;
    this.#condition = condition;
    this.#detail = detail;
    if (before === condition) return;
    if (this.settled) {
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    }
    this.#changed();
  }

  /** Resolves when it settles next. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }
}
