import { InvalidArgumentError } from 'commander';
import { LIMIT_MEMBERS, limitFault } from '../core/limit-fault.js';
import type { LimitSettings } from '../core/limits.js';
import { limits } from './values.js';

/** What `--limit` says of each name: a value, `null` for no limit, or `default` for what the configuration says. */
export type LimitChanges = ReadonlyMap<string, number | string | null>;

const DEFAULT = 'default';

/** `NAME=VALUE` of a limit, collected. A name given twice has no meaning. */
export function limitChanges(value: string, earlier: LimitChanges | undefined): LimitChanges {
  const [name = '', limit = null] = Object.entries(limits(value, undefined))[0] ?? [];
  const fault = limitFault(name, limit);
  const isKnown = LIMIT_MEMBERS.some((member) => member === name);
  if (fault !== null && !(limit === DEFAULT && isKnown)) throw new InvalidArgumentError(fault);
  if (earlier?.has(name) === true) throw new InvalidArgumentError(`${name} is given twice. Give each limit once.`);
  return new Map([...(earlier ?? []), [name, limit]]);
}

/** Limits as they are after the changes; what is not named stays. */
export function changedLimits(before: object, changes: LimitChanges): LimitSettings {
  const after = new Map<string, unknown>(Object.entries(before));
  for (const [name, limit] of changes) {
    if (limit === DEFAULT) after.delete(name);
    else after.set(name, limit);
  }
  return Object.fromEntries(after) as LimitSettings;
}

/** Limits for people: `requests_per_minute=60 tokens_per_day=none`; null when there are none. */
export function limitsInWords(limits: object): string | null {
  const words = Object.entries(limits).map(([name, limit]) => `${name}=${limit === null ? 'none' : String(limit)}`);
  return words.length === 0 ? null : words.join(' ');
}
