import { z } from '@hono/zod-openapi';
import { MOST_OF } from '../core/limit-bounds.js';
import { LIMIT_NAMES, type LimitName } from '../core/limits.js';
import { nearest } from '../core/nearest.js';
import type { UsageGroup } from '../usage/ledger.js';
import { listOf, pageQuery, unixTime } from './contract.js';
import { triedLimitFault } from './tried-limit.js';
import { REPLAY_SUBJECTS, USAGE_GROUPS } from './usage-groups.js';

const amount = z.int().min(0);
const secondsInQuery = z.coerce.number<string>().pipe(unixTime).optional();

const by = z
  .string()
  .transform((text, issues) => {
    const groups = new Set<UsageGroup>();
    for (const name of text.split(',')) {
      const group = USAGE_GROUPS.find((one) => one === name);
      if (group !== undefined) groups.add(group);
      else issues.addIssue({ code: 'custom', message: unknownName(name, USAGE_GROUPS) });
    }
    return [...groups];
  })
  .pipe(z.array(z.enum(USAGE_GROUPS)))
  .refine((groups) => !(groups.includes('day') && groups.includes('hour')), 'takes day or hour, not both');

export const usageQuery = z.strictObject({
  ...pageQuery,
  by: by
    .default(['key'])
    .openapi({ type: 'string', description: 'key, owner, model, day and hour, with commas between them.' }),
  since: secondsInQuery.openapi({
    description: 'Unix seconds, rounded down to the hour. Absent: seven days before the end.',
  }),
  until: secondsInQuery.openapi({ description: 'Unix seconds, exclusive, rounded up to the hour. Absent: now.' }),
  key_id: z.string().min(1).max(200).optional(),
  owner: z.string().min(1).max(200).optional(),
  model: z.string().min(1).max(300).optional(),
});

export const usageRowSchema = z
  .strictObject({
    key_id: z.string().nullable().openapi({ description: 'Of the caller. null: not asked by key.' }),
    key_name: z.string().nullable().openapi({ description: 'null: not asked by key, or no key of ours any more.' }),
    owner: z.string().nullable().openapi({ description: 'null: not asked by owner, or without one.' }),
    model: z.string().nullable(),
    day: z.iso.date().nullable().openapi({ description: 'The UTC day. null: not asked by day or hour.' }),
    from_at: unixTime.nullable().openapi({ description: 'Where the day or hour begins.' }),
    requests: amount.openapi({ description: 'Requests that were admitted.' }),
    failed: amount.openapi({ description: 'Of those, answered with a status of 400 and more, or broken off.' }),
    input_tokens: amount,
    output_tokens: amount,
    total_tokens: amount,
    cached_tokens: amount.openapi({ description: 'Of the input, read from the cache of the model server.' }),
    estimated_requests: amount.openapi({ description: 'Requests whose tokens are an estimate.' }),
    gpu_seconds: z.number().openapi({ description: 'Seconds of engine time.' }),
    gpu_seconds_estimated: z.number().openapi({ description: 'Of those, estimated from the time requests took.' }),
    duration_ms: z.number(),
    queued_ms: z.number(),
  })
  .openapi('Usage');
export const usageListSchema = listOf(usageRowSchema, 'UsageList');

const triedLimits = z
  .strictObject(
    Object.fromEntries(LIMIT_NAMES.map((name) => [name, triedLimit(name).optional()])) as Record<
      LimitName,
      z.ZodOptional<z.ZodInt>
    >,
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? issue.keys.map((name) => triedLimitFault(name, 1)).join(' ') : undefined,
    },
  )
  .refine((limits) => Object.keys(limits).length > 0, 'name at least one limit');

function triedLimit(name: LimitName): z.ZodInt {
  const told = { error: ({ input }: { input?: unknown }) => triedLimitFault(name, input) ?? undefined };
  return z.int(told).min(1, told).max(MOST_OF[name], told);
}

export const replaySchema = z
  .strictObject({
    limits: triedLimits,
    for: z.enum(REPLAY_SUBJECTS).default('key').openapi({ description: 'Each of these gets the limits for itself.' }),
    since: unixTime.optional().openapi({ description: 'Unix seconds. Absent: 30 days before the end.' }),
    until: unixTime.optional().openapi({ description: 'Unix seconds, exclusive. Absent: now.' }),
    key_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .openapi({ description: 'Only the requests of this key and of those derived from it.' }),
    owner: z.string().min(1).max(200).optional(),
  })
  .openapi('Replay');
export const replayQuery = z.strictObject({
  follow: z
    .enum(['1', 'true', '0', 'false'])
    .optional()
    .openapi({ description: 'Answer with one JSON object a line: how far it has come, and the outcome last.' }),
});

const refusalsSchema = z.strictObject({
  limit: z.enum(LIMIT_NAMES),
  account: z.string().openapi({ description: 'Whose limit it was: of a derived key this may be one above it.' }),
  refused: amount,
  first_at: unixTime,
  last_at: unixTime,
});
const verdictSchema = z.strictObject({
  key_id: z.string().nullable(),
  key_name: z.string().nullable(),
  owner: z.string().nullable(),
  model: z.string().nullable(),
  requests: amount,
  refused: amount,
  shortened: amount.openapi({ description: 'Admitted, with a budget too small for the whole answer.' }),
  total_tokens: amount,
  refused_tokens: amount.openapi({ description: 'Of those, used by the requests that would have been refused.' }),
  limits: z.array(refusalsSchema),
});
export const replayedSchema = z
  .strictObject({
    data: z.array(verdictSchema).openapi({ description: 'Who would have been refused, most refusals first.' }),
    next: z.null(),
    left_out: amount.openapi({ description: 'Rows beyond the first thousand.' }),
    since: unixTime,
    until: unixTime,
    requests: amount,
    refused: amount,
    shortened: amount,
    total_tokens: amount,
    refused_tokens: amount,
    not_bound: amount.openapi({ description: 'Requests that have no owner, when limits are tried for owners.' }),
    subjects: amount.openapi({ description: 'Keys, owners or models that made requests.' }),
  })
  .openapi('Replayed');

/** A sentence about a name nobody knows, with the one that was probably meant. */
function unknownName(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = meant === null ? `there are ${known.join(', ')}` : `did you mean "${meant}"?`;
  return `does not know "${name.slice(0, 64)}" (${hint})`;
}

export type UsageRowBody = z.infer<typeof usageRowSchema>;
export type UsageListBody = z.infer<typeof usageListSchema>;
export type ReplayBody = z.input<typeof replaySchema>;
export type ReplayedBody = z.infer<typeof replayedSchema>;
export type ReplayVerdictBody = z.infer<typeof verdictSchema>;
