import { LIMIT_NAMES, type LimitSettings } from '../core/limits.js';
import { isAhead, isWithin, queueShare } from '../core/tighter-limits.js';
import type { KeyPolicy } from '../keys/key.js';

/**
 * Which limit `wanted` loosens beyond those of its maker, as a sentence; null when none. Whoever has a
 * limit makes only keys with that limit or a tighter one. `usual` are the limits of keys without a value
 * of their own: they bind every maker too, except an administrator, whose part it is to give such values.
 */
export function lackingLimits(holder: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings): string | null {
  const isAdministrator = holder.scopes.includes('admin');
  for (const name of LIMIT_NAMES) {
    const own = holder.limits[name];
    const held = own === undefined && !isAdministrator ? usual[name] : own;
    const asked = wanted.limits[name];
    if (held === undefined || held === null) continue;
    if (asked === undefined && own !== undefined) return `this key is bound to ${name} ${held}; name one within it`;
    if (asked !== undefined && !isWithin(asked, held)) return tooMuch(name, asked, held);
  }
  const { weight, priority } = holder.limits;
  if (isAdministrator && weight === undefined && priority === undefined) return null;
  return lackingShare(holder.limits, wanted.limits, usual);
}

/**
 * The same for a key derived from `parent`: what it uses counts for its parent too, so a limit may be left
 * out. A larger one would never be reached, and is refused because it promises what it does not hold.
 */
export function lackingDerivedLimits(parent: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings): string | null {
  for (const name of LIMIT_NAMES) {
    const [held, asked] = [parent.limits[name], wanted.limits[name]];
    if (held !== undefined && asked !== undefined && !isWithin(asked, held)) return tooMuch(name, asked, held);
  }
  return lackingShare(parent.limits, wanted.limits, usual);
}

function tooMuch(name: string, asked: number | null, held: number | null): string {
  return asked === null ? `${name} must be at most ${held}` : `${name} ${asked} is more than ${held}`;
}

/** A place in the queue that is better than one's own takes turns from everybody else. */
function lackingShare(held: LimitSettings, wanted: LimitSettings, usual: LimitSettings): string | null {
  const own = queueShare({ ...usual, ...held });
  const asked = queueShare({ ...usual, ...wanted });
  if (asked.weight > own.weight) return `weight ${asked.weight} is more than ${own.weight}`;
  if (isAhead(asked.priority, own.priority)) return `priority ${asked.priority} comes before ${own.priority}`;
  return null;
}
