import { z } from '@hono/zod-openapi';
import { MOST_DEFAULT_OUTPUT_TOKENS, MOST_OF, MOST_WEIGHT, PRIORITIES } from '../core/limit-bounds.js';
import { limitFault, unknownLimit } from '../core/limit-fault.js';
import { LIMIT_NAMES, type LimitName, type LimitSettings } from '../core/limits.js';

/** The sentence of a member that is not as it must be. */
function told(name: keyof LimitSettings): { error: (issue: { input?: unknown }) => string | undefined } {
  return { error: ({ input }) => limitFault(name, input) ?? undefined };
}

function whole(name: keyof LimitSettings, most: number) {
  return z.int(told(name)).min(1, told(name)).max(most, told(name));
}

type Amount = z.ZodOptional<z.ZodNullable<z.ZodInt>>;

const amounts = Object.fromEntries(
  LIMIT_NAMES.map((name) => [name, whole(name, MOST_OF[name]).nullable().optional()]),
) as Record<LimitName, Amount>;

/** Limits of a key, or of all keys of an owner. */
export const limitsSchema = z
  .strictObject(
    {
      ...amounts,
      default_output_tokens: whole('default_output_tokens', MOST_DEFAULT_OUTPUT_TOKENS).optional(),
      weight: whole('weight', MOST_WEIGHT).optional(),
      priority: z.enum(PRIORITIES, told('priority')).optional(),
    },
    { error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map(unknownLimit).join(' ') : undefined) },
  )
  .openapi('Limits', {
    description:
      'Days and months are UTC calendar windows. null = no limit; what is left out is as the configuration says for all.',
  });
