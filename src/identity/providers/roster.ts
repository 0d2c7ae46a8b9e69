import type { Caller } from '../../core/caller.js';
import { unixSeconds, type Clock } from '../../core/clock.js';

/** Callers kept at once; the one unseen for longest is forgotten first. */
const MOST_CALLERS = 10_000;

export interface SeenCaller {
  id: string;
  owner: string | null;
  /** Unix seconds. */
  lastSeenAt: number;
}

/** Who was vouched for since the start. */
export interface Roster {
  note(caller: Caller): void;
  /** Last seen first. */
  list(): SeenCaller[];
}

export function createRoster(clock: Clock): Roster {
  const seen = new Map<string, SeenCaller>();
  return {
    note({ id, owner }) {
      seen.delete(id);
      seen.set(id, { id, owner, lastSeenAt: unixSeconds(clock) });
      if (seen.size > MOST_CALLERS) seen.delete(seen.keys().next().value ?? id);
    },
    list: () => [...seen.values()].reverse(),
  };
}
