import { LIMIT_FORMS, limitedBy } from './limit-forms.js';
import type { Standing } from './limit-store.js';

/** The limit that stops first, on requests and on tokens; null = there is none. */
export interface Tightest {
  requests: Standing | null;
  tokens: Standing | null;
}

/**
 * The one of which least remains, and of equals the one that takes longest to come back. What may
 * run at one time comes and goes with every answer, so it stands only where nothing else limits requests.
 */
export function tightest(standings: readonly Standing[]): Tightest {
  const found: Tightest = { requests: null, tokens: null };
  for (const standing of standings) {
    const on = limitedBy(standing.limit);
    if (on !== null) found[on] = tighter(found[on], standing);
  }
  return found;
}

function tighter(one: Standing | null, other: Standing): Standing {
  if (one === null) return other;
  const oneRuns = LIMIT_FORMS[one.limit].kind === 'running';
  const otherRuns = LIMIT_FORMS[other.limit].kind === 'running';
  if (oneRuns !== otherRuns) return oneRuns ? other : one;
  if (one.remaining !== other.remaining) return one.remaining < other.remaining ? one : other;
  return other.resetMs > one.resetMs ? other : one;
}
