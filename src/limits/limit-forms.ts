import { LIMIT_NAMES, type LimitName, type LimitSettings } from '../core/limits.js';

/** What a limit counts. `tokens` = input and output together. */
export type Counted = 'requests' | 'tokens' | 'input' | 'output' | 'gpuSeconds';

/** How a limit counts: in a bucket that refills, in a UTC calendar window, or what runs at this moment. */
export type LimitForm =
  | { readonly kind: 'bucket'; readonly of: 'requests' | 'tokens' }
  | { readonly kind: 'window'; readonly of: Counted; readonly window: 'day' | 'month' }
  | { readonly kind: 'running'; readonly of: 'requests' };

export const LIMIT_FORMS: Readonly<Record<LimitName, LimitForm>> = {
  requests_per_minute: { kind: 'bucket', of: 'requests' },
  requests_per_day: { kind: 'window', of: 'requests', window: 'day' },
  tokens_per_minute: { kind: 'bucket', of: 'tokens' },
  tokens_per_day: { kind: 'window', of: 'tokens', window: 'day' },
  input_tokens_per_day: { kind: 'window', of: 'input', window: 'day' },
  output_tokens_per_day: { kind: 'window', of: 'output', window: 'day' },
  tokens_per_month: { kind: 'window', of: 'tokens', window: 'month' },
  input_tokens_per_month: { kind: 'window', of: 'input', window: 'month' },
  output_tokens_per_month: { kind: 'window', of: 'output', window: 'month' },
  concurrent_requests: { kind: 'running', of: 'requests' },
  gpu_seconds_per_day: { kind: 'window', of: 'gpuSeconds', window: 'day' },
};

/** Which of the two kinds of limit that clients are told about this is; null = neither. */
export function limitedBy(limit: LimitName): 'requests' | 'tokens' | null {
  const { of } = LIMIT_FORMS[limit];
  if (of === 'gpuSeconds') return null;
  return of === 'requests' ? 'requests' : 'tokens';
}

/** One limit that binds an account. */
export interface Bound {
  readonly limit: LimitName;
  readonly form: LimitForm;
  readonly most: number;
  /** A budget out of which output tokens are paid. */
  readonly paysOutput: boolean;
}

/** The bounds among these settings. */
export function boundsAmong(limits: LimitSettings): readonly Bound[] {
  return LIMIT_NAMES.flatMap((limit) => {
    const most = limits[limit];
    if (most === null || most === undefined) return [];
    const form = LIMIT_FORMS[limit];
    const paysOutput = form.kind === 'window' && (form.of === 'tokens' || form.of === 'output');
    return [{ limit, form, most, paysOutput }];
  });
}
