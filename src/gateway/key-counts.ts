import type { Clock } from '../core/clock.js';
import type { KeyDirectory } from '../keys/key.js';

interface Counted {
  counts: { active: number; total: number };
  /** Of the directory when they were counted. */
  revision: number;
  /** Monotonic milliseconds. */
  at: number;
}

/** Keys expire without a change of the directory: so late that may show. */
const HOLDS_MS = 10_000;
/** A change of some key means counting again, though not more often than this. */
const LEAST_MS = 1000;
const MOST_OWNERS = 100;

/** How many keys there are and may be used. Every key is looked at, so it is done seldom, however many ask. */
export function createKeyCounts(directory: KeyDirectory, clock: Clock): KeyDirectory['count'] {
  const known = new Map<string | null, Counted>();
  return (owner) => {
    const at = clock.monotonic();
    const last = known.get(owner);
    const holdsMs = last?.revision === directory.revision ? HOLDS_MS : LEAST_MS;
    if (last !== undefined && at - last.at < holdsMs) return last.counts;
    const counts = directory.count(owner);
    known.delete(owner);
    known.set(owner, { counts, revision: directory.revision, at });
    if (known.size > MOST_OWNERS) known.delete(known.keys().next().value ?? owner);
    return counts;
  };
}
