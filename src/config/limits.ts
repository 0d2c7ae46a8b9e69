import type * as z from 'zod';
import {
  MOST_DEFAULT_OUTPUT_TOKENS,
  MOST_OF,
  MOST_WEIGHT,
  PRIORITIES,
  USUAL_PRIORITY,
  USUAL_WEIGHT,
} from '../core/limit-bounds.js';
import type { LimitName } from '../core/limits.js';
import { choice, named, section, wholeNumber } from './members.js';

/** What each limit means, and an example. */
const LIMITS: Readonly<Record<LimitName, readonly [description: string, example: number]>> = {
  requests_per_minute: ['Requests a minute (token bucket), however they end. `null` = no limit.', 60],
  requests_per_day: ['Requests a UTC day that a model server was given.', 10_000],
  tokens_per_minute: ['Tokens, input and output, a minute.', 100_000],
  tokens_per_day: ['Tokens a UTC day.', 2_000_000],
  input_tokens_per_day: ['Input tokens a UTC day.', 1_500_000],
  output_tokens_per_day: ['Output tokens a UTC day.', 500_000],
  tokens_per_month: ['Tokens a UTC month.', 50_000_000],
  input_tokens_per_month: ['Input tokens a UTC month.', 40_000_000],
  output_tokens_per_month: ['Output tokens a UTC month.', 10_000_000],
  concurrent_requests: ['Requests at one time.', 8],
  gpu_seconds_per_day: ['Seconds of engine time a UTC day.', 3600],
};

type Amount = z.ZodNullable<z.ZodInt>;

function amounts<Member extends z.ZodType>(finished: (amount: Amount) => Member): Record<LimitName, Member> {
  const members = Object.entries(LIMITS) as [LimitName, (typeof LIMITS)[LimitName]][];
  return Object.fromEntries(
    members.map(([name, [description, example]]) => [
      name,
      finished(wholeNumber(1, MOST_OF[name]).nullable()).meta({ description, examples: [example] }),
    ]),
  ) as Record<LimitName, Member>;
}

function defaultOutputTokens(): z.ZodInt {
  return wholeNumber(1, MOST_DEFAULT_OUTPUT_TOKENS, 'tokens').meta({
    kind: 'whole number of tokens',
    description:
      'Output tokens reserved when a request names no cap. The first value found counts: of the key, of its owner, of the model, of all.',
    examples: [1024],
  });
}

function weight(): z.ZodInt {
  return wholeNumber(1, MOST_WEIGHT).meta({
    description: 'Share in the fair queue. The first value found counts: of the key, of its owner, of all.',
    examples: [3],
  });
}

function priority() {
  return choice(PRIORITIES).describe(
    'Order in the fair queue. The first value found counts: of the key, of its owner, of all.',
  );
}

/** Members that are simply not there when they are left out, so that the next place that has one is asked. */
const ownAmounts = amounts((amount) => amount.exactOptional());

export const limits = section({
  ...amounts((amount) => amount.default(null)),
  default_output_tokens: defaultOutputTokens().default(1024),
  weight: weight().default(USUAL_WEIGHT),
  priority: priority().default(USUAL_PRIORITY),
  models: named(section({ ...ownAmounts, default_output_tokens: defaultOutputTokens().exactOptional() })).meta({
    description:
      'Limits of one model, for all its callers together, by the name it has under `models` or in the list of its server. There is no `weight` and no `priority`: the requests of one model stand in one queue.',
    examples: [{ qwen3: { concurrent_requests: 4 } }],
  }),
}).describe('Limits of every key that has no value of its own.');

export const owners = named(
  section({
    ...ownAmounts,
    default_output_tokens: defaultOutputTokens().exactOptional(),
    weight: weight().exactOptional(),
    priority: priority().exactOptional(),
  }),
).meta({
  description:
    'Limits of all keys of an owner together. What `keyporter owners set` says about an owner comes first, member by member.',
  examples: [{ alice: { tokens_per_day: 2_000_000 } }],
});
