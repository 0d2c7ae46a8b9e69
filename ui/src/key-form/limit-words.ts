import type { NewKeyBody } from '../api/keys.js';

type Limits = NonNullable<NewKeyBody['limits']>;

export type Priority = NonNullable<Limits['priority']>;

/** Limits that are numbers; `priority` is not. */
export type LimitKey = Exclude<keyof Limits, 'priority'>;

/** Every limit with its unit, in the order of the form. The type demands that none is forgotten. */
export const LIMIT_WORDS: Record<LimitKey, string> = {
  requests_per_minute: 'Requests per minute',
  requests_per_day: 'Requests per day (UTC)',
  tokens_per_minute: 'Tokens per minute',
  tokens_per_day: 'Tokens per day (UTC)',
  input_tokens_per_day: 'Input tokens per day',
  output_tokens_per_day: 'Output tokens per day',
  tokens_per_month: 'Tokens per month (UTC)',
  input_tokens_per_month: 'Input tokens per month',
  output_tokens_per_month: 'Output tokens per month',
  concurrent_requests: 'Requests at once',
  gpu_seconds_per_day: 'GPU seconds per day',
  default_output_tokens: 'Output tokens reserved without a cap',
  weight: 'Share in the queue',
};

export const LIMIT_KEYS = Object.keys(LIMIT_WORDS) as LimitKey[];

/** Those that only a number makes sense for: the others may be lifted for a key. */
const ALWAYS_NUMBERS: ReadonlySet<LimitKey> = new Set(['default_output_tokens', 'weight']);

/** True when a key may be without this limit although the configuration sets one for all. */
export function canBeLifted(name: LimitKey): boolean {
  return !ALWAYS_NUMBERS.has(name);
}

/** In which order keys are served while requests wait. The type demands that none is forgotten. */
export const PRIORITY_WORDS: Record<Priority, string> = { high: 'High', normal: 'Normal', low: 'Low' };
