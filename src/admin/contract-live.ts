import { z } from '@hono/zod-openapi';
import { unixTime } from './contract.js';
import { requestRowSchema, streamSchema } from './contract-activity.js';
import { replicaSchema } from './contract-replicas.js';

const bucketSchema = z
  .strictObject({
    at: unixTime.openapi({ description: 'Begin of the ten seconds.' }),
    requests: z.int().openapi({ description: 'Requests that ended.' }),
    errors: z.int().openapi({ description: 'Of those, failed by a server or broken off.' }),
    refused: z.int().openapi({ description: 'Of those, refused: wrong, or beyond rights and limits.' }),
    input_tokens: z.int(),
    output_tokens: z.int(),
    ttft_p50_ms: z.number().nullable().openapi({ description: 'Of streams: until the first byte of the answer.' }),
    ttft_p95_ms: z.number().nullable(),
    queue_p95_ms: z.number().nullable().openapi({ description: 'Until a place on a server was there.' }),
  })
  .openapi('RecentBucket');

const { id, url, models, state, in_flight, max_in_flight, waiting } = replicaSchema.shape;
const gauges = {
  at: unixTime,
  running: z.int().openapi({ description: 'Requests that run on servers now.' }),
  waiting: z.int().openapi({ description: 'Requests that wait for room now.' }),
  keys: z
    .strictObject({ active: z.int(), total: z.int() })
    .openapi({ description: 'Active: may be used now. In total: with those that ended or were revoked.' }),
  replicas: z
    .array(z.strictObject({ id, url, models, state, in_flight, max_in_flight, waiting }))
    .nullable()
    .openapi({ description: 'Null without `replicas:read`, and for keys with an owner.' }),
};

export const overviewSchema = z
  .strictObject({ ...gauges, buckets: z.array(bucketSchema).openapi({ description: 'The last hour, oldest first.' }) })
  .openapi('Overview');
export const overviewEventSchema = z
  .strictObject({
    ...gauges,
    bucket: bucketSchema.openapi({ description: 'The running ten seconds.' }),
    previous: bucketSchema.openapi({
      description: 'The ten seconds before, which may have grown since they were told.',
    }),
  })
  .openapi('OverviewEvent');
export const streamsEventSchema = z
  .strictObject({ data: z.array(streamSchema), total: z.int() })
  .openapi('StreamsEvent');
export const requestsEventSchema = z
  .strictObject({
    data: z.array(requestRowSchema).openapi({ description: 'New ones, oldest first.' }),
    skipped: z.int().openapi({ description: 'Earlier ones that are left out.' }),
  })
  .openapi('RequestsEvent');

export const TOPICS = ['overview', 'streams', 'requests'] as const;
export type Topic = (typeof TOPICS)[number];

export const eventsQuery = z.strictObject({
  topics: z
    .string()
    .regex(
      new RegExp(`^(${TOPICS.join('|')})(,(${TOPICS.join('|')}))*$`),
      `must be one or more of ${TOPICS.join(', ')}, with commas between them`,
    )
    .default(TOPICS.join(','))
    .openapi({ description: `Of ${TOPICS.join(', ')}; all unless given.` }),
});

export type OverviewBody = z.infer<typeof overviewSchema>;
export type OverviewEventBody = z.infer<typeof overviewEventSchema>;
export type StreamsEventBody = z.infer<typeof streamsEventSchema>;
export type RequestsEventBody = z.infer<typeof requestsEventSchema>;
export type RecentBucketBody = z.infer<typeof bucketSchema>;
