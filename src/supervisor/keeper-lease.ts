import type { Cancel, Clock } from '../core/clock.js';

/** A keeper that no gateway ever reached ends after this. */
const FIRST_CONTACT_MS = 15_000;

export interface Lease {
  /** A gateway is there. */
  taken(): void;
  /** The gateway is gone: each process has its own time from now on. */
  lost(): void;
  /** A process was ended or ended itself. */
  fewer(): void;
}

export interface Leased {
  clock: Clock;
  /** The processes that are left, with the time each goes on without a gateway. */
  processes(): readonly { name: string; takeoverMs: number }[];
  stop(name: string): void;
  /** Nobody is there and nothing is left. */
  over(): void;
}

/** Engines live while a gateway is connected, and for their own time after that. Never longer. */
export function createLease({ clock, processes, stop, over }: Leased): Lease {
  let held = false;
  let timers: Cancel[] = [];
  const cancelAll = (): void => {
    for (const cancel of timers) cancel();
    timers = [];
  };
  const endWhenEmpty = (): void => {
    if (!held && processes().length === 0) over();
  };
  timers.push(clock.after(FIRST_CONTACT_MS, endWhenEmpty));
  return {
    taken() {
      held = true;
      cancelAll();
    },
    lost() {
      held = false;
      cancelAll();
      timers = processes().map(({ name, takeoverMs }) => clock.after(takeoverMs, () => stop(name)));
      endWhenEmpty();
    },
    fewer: endWhenEmpty,
  };
}
