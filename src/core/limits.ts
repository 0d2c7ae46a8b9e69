/** Every limit that is a number. Snake case, because people write these names and read them back. */
export const LIMIT_NAMES = [
  'requests_per_minute',
  'requests_per_day',
  'tokens_per_minute',
  'tokens_per_day',
  'input_tokens_per_day',
  'output_tokens_per_day',
  'tokens_per_month',
  'input_tokens_per_month',
  'output_tokens_per_month',
  'concurrent_requests',
  'gpu_seconds_per_day',
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

/** Order in the fair queue. */
export type Priority = 'high' | 'normal' | 'low';

/**
 * What holds for one key, owner, caller or model. A limit that is left out is left to whatever the
 * configuration says for all; `null` = no limit.
 */
export type LimitSettings = Readonly<
  Partial<Record<LimitName, number | null>> & {
    /** Output tokens reserved when a request names no cap. */
    default_output_tokens?: number;
    /** Share in the fair queue. */
    weight?: number;
    priority?: Priority;
  }
>;

/** What a request used, or may use. Tokens are whole numbers; `gpuSeconds` is not. */
export interface Amounts {
  inputTokens: number;
  outputTokens: number;
  gpuSeconds: number;
}
