import type { Clock } from '../core/clock.js';
import type { InFlightRegistry } from '../inflight/registry.js';

/** How long ended requests may take to say their last words. */
const LAST_WORDS_MS = 2000;

/** Lets what runs come to its end, at most for `drainMs` or until `hurry`; then ends the rest with an event that says why. */
export async function drainRequests(inFlight: InFlightRegistry, clock: Clock, { drainMs, hurry }: { drainMs: number; hurry: Promise<void> }): Promise<void> {
  await Promise.race([inFlight.whenEmpty(), pause(clock, drainMs), hurry]);
  if (inFlight.size === 0) return;
  inFlight.endAll('server_shutting_down', 'the gateway shuts down');
  await Promise.race([inFlight.whenEmpty(), pause(clock, LAST_WORDS_MS)]);
}

/** A pause that keeps the process alive: nothing else might while the last answers run. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
