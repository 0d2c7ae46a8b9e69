import * as z from 'zod';
import { choice, listOf, notYet, section, text, textLike, wholeNumber } from './members.js';
import { startedMembers } from './started-members.js';

const queue = section({
  max_waiting: wholeNumber(1, 1_000_000, 'requests')
    .default(256)
    .describe('Most requests that wait. One more is refused with 503 `queue_full`.'),
  max_wait_seconds: wholeNumber(1, 86_400, 'seconds').default(300).describe('Longest wait; then 503 `queue_full`.'),
  heartbeat_after_seconds: notYet(
    wholeNumber(1, 3600, 'seconds')
      .default(15)
      .describe('Silence on a stream after which a comment is sent to keep it open.'),
    'keep waiting streams open with comments',
  ),
}).describe('Waiting for a replica with room.');

const readinessProbe = section({
  path: textLike((value) => /^\/[\x21-\x7e]{0,1023}$/.test(value), 'must be a path that begins with /, such as /health')
    .nullable()
    .default(null)
    .meta({
      description:
        'Path that is asked, with the key of the replica. Only status 200 means ready. `null` = what fits the engine.',
      examples: ['/health'],
    }),
  method: choice(['GET', 'HEAD', 'POST']).default('GET').describe('Method of the question.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Headers of the question.', examples: [{ 'x-probe': 'keyporter' }] }),
  body: textLike((value) => value.length > 0 && value.length <= 65_536, 'must be text of 1 to 65536 characters')
    .nullable()
    .default(null)
    .meta({ description: 'Body of the question.', examples: ['{}'] }),
  interval_seconds: wholeNumber(1, 3600, 'seconds').default(10).describe('Time between two questions.'),
  timeout_seconds: wholeNumber(1, 3600, 'seconds').default(15).describe('Longest wait for the answer.'),
  startup_grace_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(1200)
    .describe('How long a server that was never ready counts as starting; afterwards as down.'),
}).describe('How readiness of a replica is found out.');

const fields = section({
  deny: listOf(text(256))
    .default([])
    .meta({ description: 'Members of the body that are refused.', examples: [['logit_bias']] }),
  clamp: z
    .record(z.string(), z.number())
    .default({ n: 8, best_of: 8 })
    .meta({ description: 'Largest values of members of the body.', examples: [{ n: 4 }] }),
}).describe('What a request may ask of the engine.');

/** Members of a model about its replicas and its engine; some of their features come later. */
export const laterModelMembers = {
  balance: choice(['least_load', 'round_robin', 'weighted_least_load', 'prefix_affinity'])
    .default('least_load')
    .describe(
      'How a replica is chosen: the one with the fewest running requests; each in turn; the fewest for its `weight`; or the one that holds the beginning of the conversation, unless it is much busier than the others.',
    ),
  max_in_flight: wholeNumber(1, 100_000, 'requests')
    .nullable()
    .default(null)
    .meta({
      description:
        'Most requests at one time on each replica; others wait. `null` = the number of slots the engine tells, else 8.',
      examples: [8],
    }),
  queue,
  readiness_probe: readinessProbe,
  fields: notYet(fields, 'bound what a request may ask of the engine'),
  media_urls: notYet(
    choice(['data_only', 'any']).default('data_only').describe('Whether the engine may be sent to fetch media by URL.'),
    'keep engines from fetching URLs',
  ),
  ...startedMembers,
};
