import type { LimitName, Priority } from './limits.js';

const MOST_TOKENS = 1_000_000_000_000_000;

/** The largest value each limit may have, wherever it is written. The smallest is 1. */
export const MOST_OF: Readonly<Record<LimitName, number>> = {
  requests_per_minute: 1_000_000_000,
  requests_per_day: 1_000_000_000_000,
  tokens_per_minute: MOST_TOKENS,
  tokens_per_day: MOST_TOKENS,
  input_tokens_per_day: MOST_TOKENS,
  output_tokens_per_day: MOST_TOKENS,
  tokens_per_month: MOST_TOKENS,
  input_tokens_per_month: MOST_TOKENS,
  output_tokens_per_month: MOST_TOKENS,
  concurrent_requests: 1_000_000,
  gpu_seconds_per_day: 1_000_000_000,
};

export const MOST_DEFAULT_OUTPUT_TOKENS = 1_000_000_000;
export const MOST_WEIGHT = 1000;

/** Priorities, the first served first. */
export const PRIORITIES = ['high', 'normal', 'low'] as const satisfies readonly Priority[];

/** What holds where nobody says otherwise. */
export const USUAL_WEIGHT = 1;
export const USUAL_PRIORITY: Priority = 'normal';
