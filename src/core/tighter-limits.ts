import { PRIORITIES, USUAL_PRIORITY, USUAL_WEIGHT } from './limit-bounds.js';
import { LIMIT_NAMES, type LimitSettings, type Priority } from './limits.js';

/** What is left to someone whom both limits bind: of each member the one that gives less. */
export function tighterOf(one: LimitSettings, other: LimitSettings): LimitSettings {
  const tighter: { -readonly [Member in keyof LimitSettings]: LimitSettings[Member] } = { ...one };
  for (const name of LIMIT_NAMES) {
    const [mine, theirs] = [one[name], other[name]];
    if (theirs !== undefined && (mine === undefined || !isWithin(mine, theirs))) tighter[name] = theirs;
  }
  const weights = [one.weight, other.weight].filter((weight) => weight !== undefined);
  if (weights.length > 0) tighter.weight = Math.min(...weights);
  const priorities = [one.priority, other.priority].filter((word) => word !== undefined);
  if (priorities.length > 0) tighter.priority = priorities.reduce((last, word) => (isAhead(last, word) ? word : last));
  return tighter;
}

/** True when a limit gives at most what `bound` gives; `null` = no limit. */
export function isWithin(limit: number | null, bound: number | null): boolean {
  return bound === null || (limit !== null && limit <= bound);
}

/** True when the first priority is served before the second. */
export function isAhead(first: Priority, second: Priority): boolean {
  return PRIORITIES.indexOf(first) < PRIORITIES.indexOf(second);
}

/** Share in the queue and place in its order, with what holds where none is written. */
export function queueShare({ weight, priority }: LimitSettings): { weight: number; priority: Priority } {
  return { weight: weight ?? USUAL_WEIGHT, priority: priority ?? USUAL_PRIORITY };
}
