import { z } from '@hono/zod-openapi';
import { countInQuery, listOf, unixTime } from './contract.js';

const replicaStates = [
  'pending',
  'starting',
  'ready',
  'not_ready',
  'ejected',
  'draining',
  'shutting_down',
  'failed',
  'failed_initial_delay',
  'failed_probing',
  'unknown',
] as const;

export const replicaSchema = z
  .strictObject({
    id: z
      .string()
      .openapi({ description: 'Stable: a process is named after its model, another server after its address.' }),
    url: z.string().nullable().openapi({ description: 'Null for a process that has no port yet.' }),
    models: z.array(z.string()),
    state: z.enum(replicaStates),
    detail: z.string().nullable().openapi({ description: 'What is wrong and what to do, in a sentence.' }),
    in_flight: z.int().openapi({ description: 'Requests that run on it now.' }),
    max_in_flight: z.int().nullable().openapi({ description: 'Most at one time; null while that is not known.' }),
    waiting: z.int().openapi({ description: 'Requests of its models that wait for room.' }),
    process: z
      .strictObject({
        pid: z.int().nullable(),
        started_at: unixTime.nullable(),
        restarts: z.int(),
        answers_without_key: z.boolean().nullable().openapi({
          description: 'True when its port answers without the private key it was given; null until that was asked.',
        }),
        public_at: z.array(z.string()).openapi({ description: 'Where others reach its port.' }),
      })
      .nullable()
      .openapi({ description: 'Null for a server that Keyporter did not start.' }),
  })
  .openapi('Replica');
export const replicaListSchema = listOf(replicaSchema, 'ReplicaList');

export const replicaActSchema = z
  .strictObject({ id: z.string(), act: z.enum(['drain', 'resume', 'restart']) })
  .openapi('ReplicaAct');

const MOST_LINES = 10_000;
export const replicaLogsQuery = z.strictObject({
  lines: countInQuery(1, MOST_LINES).default(100),
  follow: z
    .enum(['1', 'true', '0', 'false'])
    .optional()
    .openapi({ description: 'Answer with one JSON object a line: the last lines, then every line from now on.' }),
});
export const logLineSchema = z.strictObject({ line: z.string() }).openapi('LogLine');
export const replicaLogsSchema = listOf(logLineSchema, 'ReplicaLogs');

export type ReplicaBody = z.infer<typeof replicaSchema>;
export type ReplicaListBody = z.infer<typeof replicaListSchema>;
export type ReplicaLogsBody = z.infer<typeof replicaLogsSchema>;
export type LogLineBody = z.infer<typeof logLineSchema>;
