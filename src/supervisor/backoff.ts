/** The first restart comes nearly at once: an engine that was killed is needed. */
const FIRST_MS = 500;
const LONGEST_MS = 60_000;
/** A process that was ready this long has proved that it can run. */
const STABLE_MS = 60_000;

export interface Backoff {
  /** The pause before the next start, after a run that was ready for `readyMs`. */
  next(readyMs: number): number;
}

/** Pauses that double from half a second to a minute, and begin anew after a stable run. */
export function createBackoff(): Backoff {
  let failures = 0;
  return {
    next(readyMs) {
      if (readyMs >= STABLE_MS) failures = 0;
      const pauseMs = Math.min(FIRST_MS * 2 ** Math.min(failures, 16), LONGEST_MS);
      failures += 1;
      return pauseMs;
    },
  };
}
