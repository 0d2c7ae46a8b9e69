import type { Clock } from '../../src/core/clock.js';

/** A clock that stands until it is moved. Its timers never fire. */
export interface HandClock extends Clock {
  wallMs: number;
  monotonicMs: number;
  /** Both clocks go on. */
  pass(durationMs: number): void;
}

export function handClock(wallMs: number): HandClock {
  return {
    wallMs,
    monotonicMs: 1000,
    now() {
      return this.wallMs;
    },
    monotonic() {
      return this.monotonicMs;
    },
    after: () => () => undefined,
    every: () => () => undefined,
    pass(durationMs) {
      this.wallMs += durationMs;
      this.monotonicMs += durationMs;
    },
  };
}
