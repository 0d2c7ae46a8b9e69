import { MOST_DEFAULT_OUTPUT_TOKENS, MOST_OF, MOST_WEIGHT, PRIORITIES } from './limit-bounds.js';
import { LIMIT_NAMES, type LimitName, type LimitSettings } from './limits.js';
import { nearest } from './nearest.js';

/** Every name that may stand among limits, in the order in which they are shown. */
export const LIMIT_MEMBERS = [
  ...LIMIT_NAMES,
  'default_output_tokens',
  'weight',
  'priority',
] as const satisfies readonly (keyof LimitSettings)[];

/** What is wrong with one member of limits, as a sentence; null when nothing is. `null` as a value = no limit. */
export function limitFault(name: string, value: unknown): string | null {
  if (isLimitName(name)) return value === null || isWhole(value, MOST_OF[name]) ? null : amountSentence(name);
  if (name === 'priority')
    return PRIORITIES.some((word) => word === value) ? null : `priority must be ${PRIORITIES.join(', ')}.`;
  if (name === 'weight') return isWhole(value, MOST_WEIGHT) ? null : wholeSentence(name, MOST_WEIGHT);
  if (name === 'default_output_tokens')
    return isWhole(value, MOST_DEFAULT_OUTPUT_TOKENS) ? null : wholeSentence(name, MOST_DEFAULT_OUTPUT_TOKENS);
  return unknownLimit(name);
}

/** That there is no such limit, and which one may have been meant. */
export function unknownLimit(name: string): string {
  const meant = nearest(name, LIMIT_MEMBERS);
  const hint = meant === null ? `Known are ${LIMIT_MEMBERS.join(', ')}.` : `Did you mean "${meant}"?`;
  return `There is no limit ${JSON.stringify(name.slice(0, 64))}. ${hint}`;
}

function isLimitName(name: string): name is LimitName {
  return LIMIT_NAMES.some((known) => known === name);
}

function isWhole(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= most;
}

function amountSentence(name: LimitName): string {
  return `${name} must be a whole number from 1 to ${MOST_OF[name]}, or null (on the command line: none) for no limit.`;
}

function wholeSentence(name: string, most: number): string {
  return `${name} must be a whole number from 1 to ${most}.`;
}
