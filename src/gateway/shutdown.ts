import { elapsed, type Clock } from '../core/clock.js';
import type { InFlightRegistry } from '../inflight/registry.js';

/** How long ended requests may take to say their last words. */
const LAST_WORDS_MS = 2000;

/** The order in which a gateway ends. */
export interface Shutdown {
  readonly begun: boolean;
  /** Registers what is to be closed, last registered first. */
  onClose(close: () => unknown): void;
  /** Waits, refuses new connections, lets what runs come to its end within its time, closes. Called again: closes now. */
  drain(): Promise<void>;
  /** Ends what runs and closes. */
  close(): Promise<void>;
  /** Resolves when everything is closed. */
  stopped: Promise<void>;
}

export interface ShutdownParts {
  inFlight: InFlightRegistry;
  clock: Clock;
  times(): { preStopMs: number; drainMs: number };
  stopAccepting(): void;
}

export function createShutdown({ inFlight, clock, times, stopAccepting }: ShutdownParts): Shutdown {
  let begun = false;
  let ending: Promise<void> | null = null;
  const closers: (() => unknown)[] = [];
  const hurry = deferred();
  const stopped = deferred();

  const end = async (drainMs: number): Promise<void> => {
    await Promise.race([inFlight.whenEmpty(), elapsed(clock, drainMs), hurry.promise]);
    if (inFlight.endAll('server_shutting_down', 'the gateway shuts down') > 0) {
      await Promise.race([inFlight.whenEmpty(), elapsed(clock, LAST_WORDS_MS)]);
    }
    for (const close of closers.toReversed()) await close();
    stopped.resolve();
  };
  const close = (): Promise<void> => {
    begun = true;
    hurry.resolve();
    return (ending ??= end(0));
  };
  return {
    get begun() {
      return begun;
    },
    onClose: (closer) => void closers.push(closer),
    async drain() {
      if (begun) return close();
      begun = true;
      const { preStopMs, drainMs } = times();
      await Promise.race([elapsed(clock, preStopMs), hurry.promise]);
      stopAccepting();
      return (ending ??= end(drainMs));
    },
    close,
    stopped: stopped.promise,
  };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
