import { hash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { KeyHolder } from './holder.js';

interface Known {
  until: number;
  holder: Promise<KeyHolder>;
}

/** Answers held at once; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

/**
 * Remembers who passed, and lets those who come while a question is under way wait for its answer. A
 * refusal is not remembered. `about` is all that the answer can depend on; only its hash is kept.
 */
export function createMemory(
  clock: Clock,
  cacheSeconds: number,
): (about: readonly string[], find: () => Promise<KeyHolder>) => Promise<KeyHolder> {
  const known = new Map<string, Known>();
  return (about, find) => {
    if (cacheSeconds === 0) return find();
    const name = hash('sha256', JSON.stringify(about));
    const now = clock.monotonic();
    const found = known.get(name);
    if (found !== undefined && now < found.until) return found.holder;
    const holder = find();
    known.delete(name);
    const entry = { until: now + cacheSeconds * 1000, holder };
    known.set(name, entry);
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? name);
    holder.catch(() => {
      if (known.get(name) === entry) known.delete(name);
    });
    return holder;
  };
}
