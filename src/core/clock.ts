/** Cancels a timer. Calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/**
 * The only source of time. Expiry is judged by wall time, durations by monotonic time, so that a
 * clock that jumps ends no stream and extends no key.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, fire: () => void): Cancel;
  /** Calls `fire` every `periodMs`. The timer does not keep the process alive. */
  every(periodMs: number, fire: () => void): Cancel;
}

/** Node's timers fire at once when asked for more than this. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, fire) {
    const timer = setInterval(fire, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `delayMs` of this clock. Does not keep the process alive. */
export function elapsed(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Waits. Unlike the timers of a clock this keeps the process alive: for commands, which have nothing else to do. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, delayMs));
}

/** Unix seconds, the unit of every `*_at` outside. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
