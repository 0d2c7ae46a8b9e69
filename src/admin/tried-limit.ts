import { LIMIT_MEMBERS, limitFault, unknownLimit } from '../core/limit-fault.js';
import { LIMIT_NAMES } from '../core/limits.js';

/** What is wrong with a limit that is to be tried, as a sentence; null when nothing is. */
export function triedLimitFault(name: string, value: unknown): string | null {
  if (LIMIT_NAMES.some((known) => known === name))
    return value === null ? `${name} without a value refuses nobody: give it a number.` : limitFault(name, value);
  const isMember = LIMIT_MEMBERS.some((known) => known === name);
  return isMember ? `${name} refuses nobody, so there is nothing to try.` : unknownLimit(name);
}
