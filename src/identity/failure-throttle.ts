import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';

const WINDOW_MS = 60_000;
/** Addresses remembered at once; the one unseen for longest is forgotten first. */
const MAX_ADDRESSES = 10_000;

interface Window {
  startedAt: number;
  failures: number;
}

/**
 * Counts wrong credentials by address. Only further wrong ones are slowed down: a right key from the
 * same address goes on working, so that nobody is locked out by a neighbour.
 */
export interface FailureThrottle {
  /** Notes a failure; throws 429 with the time to wait once there were too many within a minute. */
  failed(address: string): void;
}

export function createFailureThrottle(clock: Clock, failuresPerMinute: () => number | null): FailureThrottle {
  const windows = new Map<string, Window>();
  return {
    failed(address) {
      const most = failuresPerMinute();
      if (most === null) return;
      const now = clock.monotonic();
      const known = windows.get(address);
      const window = known !== undefined && now - known.startedAt < WINDOW_MS ? known : { startedAt: now, failures: 0 };
      window.failures += 1;
      windows.delete(address);
      windows.set(address, window);
      if (windows.size > MAX_ADDRESSES) windows.delete(windows.keys().next().value ?? address);
      if (window.failures <= most) return;
      const waitSeconds = Math.ceil((window.startedAt + WINDOW_MS - now) / 1000);
      throw new Refusal('rate_limit_exceeded', {
        message: `Too many wrong keys came from this address. Wait ${waitSeconds} s, then send the right one.`,
        reason: `${window.failures} failures from ${address} within a minute`,
        rule: 'failures_per_minute',
        headers: ['retry-after', String(waitSeconds)],
      });
    },
  };
}
