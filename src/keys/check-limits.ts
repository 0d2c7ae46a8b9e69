import { LIMIT_MEMBERS, limitFault } from '../core/limit-fault.js';
import type { LimitSettings } from '../core/limits.js';
import { checkEntries, invalid } from './check-text.js';
import type { OwnerChange } from './key.js';

/** Limits in their stored form: known names in their usual order. Throws `invalid_value` naming `limits`. */
export function checkLimits(value: unknown): LimitSettings {
  const given = new Map(checkEntries(value, 'limits', { most: 64, longestName: 64 }));
  for (const [name, limit] of given) {
    const fault = limitFault(name, limit);
    if (fault !== null) throw invalid('limits', fault);
  }
  return Object.fromEntries(
    LIMIT_MEMBERS.flatMap((name) => (given.has(name) ? [[name, given.get(name)]] : [])),
  ) as LimitSettings;
}

/** What is to change about an owner. Throws `invalid_value` when it is nothing, or cannot be meant. */
export function checkOwnerChange({ disabled, limits }: OwnerChange): OwnerChange {
  if (disabled === undefined && limits === undefined)
    throw invalid('disabled', 'Say what to change: "disabled" (true or false), "limits", or both.');
  return {
    ...(disabled === undefined ? {} : { disabled }),
    ...(limits === undefined ? {} : { limits: checkLimits(limits) }),
  };
}
