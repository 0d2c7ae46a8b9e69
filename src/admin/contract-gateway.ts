import { isIP } from 'node:net';
import { z } from '@hono/zod-openapi';
import { LIMIT_NAMES } from '../core/limits.js';
import { listOf, plainText, unixTime } from './contract.js';

const replicaState = z.enum(['up', 'down', 'unknown']);

export const modelSchema = z
  .strictObject({
    id: z.string(),
    aliases: z.array(z.string()),
    restricted: z.boolean(),
    origin: z.enum(['configured', 'found']),
    replicas: z.array(z.strictObject({ url: z.string(), state: replicaState, detail: z.string().nullable() })),
  })
  .openapi('Model');
export const modelListSchema = listOf(modelSchema, 'ModelList');

export const statusSchema = z
  .strictObject({
    version: z.string(),
    pid: z.int(),
    started_at: unixTime,
    data_dir: z.string(),
    config_file: z.string().nullable(),
    listeners: z.array(z.strictObject({ url: z.string(), serve: z.array(z.string()), profile: z.string() })),
    draining: z.boolean(),
    keys: z.int(),
    revision: z.int(),
    running: z.int().openapi({ description: 'Requests that run now.' }),
    request_log_dropped: z.int().openapi({ description: 'Rows of the request log that could not be written.' }),
    warnings: z.array(z.string()),
    upstreams: z.array(
      z.strictObject({
        url: z.string(),
        state: replicaState,
        detail: z.string().nullable(),
        models: z.int(),
        engine: z.string(),
      }),
    ),
    last_reload: z.strictObject({ at: unixTime, ok: z.boolean(), faults: z.array(z.string()) }).nullable(),
  })
  .openapi('Status');

export const findingSchema = z
  .strictObject({
    check: z.string(),
    severity: z.enum(['error', 'warning', 'note']),
    finding: z.string(),
    cure: z.string(),
  })
  .openapi('Finding');
export const findingListSchema = listOf(findingSchema, 'FindingList');

export const explainSchema = z
  .strictObject({
    key_id: z.string().min(1).max(200).nullable().optional(),
    key: z.string().min(1).max(1024).optional().openapi({ description: 'The secret itself in place of an id.' }),
    method: z.string().regex(/^[A-Z]{1,16}$/, 'must be an HTTP method in capitals'),
    path: z.string().regex(/^\/\S{0,4095}$/, 'must begin with / and hold no spaces'),
    model: plainText(300).optional(),
    from: z
      .string()
      .refine((text) => isIP(text) !== 0, 'must be an IP address')
      .optional()
      .openapi({ description: 'Address of the client.' }),
    at: unixTime.optional(),
  })
  .refine((body) => body.key === undefined || (body.key_id ?? null) === null, {
    message: 'name key or key_id, not both',
  })
  .openapi('Explain');
export const explanationSchema = z
  .strictObject({
    allowed: z.boolean(),
    status: z.int(),
    code: z.string().nullable(),
    message: z.string().nullable(),
    rules: z.array(z.strictObject({ rule: z.string(), answer: z.enum(['allow', 'deny', 'skip']), why: z.string() })),
    limits: z
      .array(
        z.strictObject({
          limit: z.enum(LIMIT_NAMES),
          account: z.string().openapi({ description: 'Whose limit it is, such as key:Hx81kTzPq02a or owner:alice.' }),
          most: z.number(),
          remaining: z.number(),
          reset_ms: z.number().openapi({ description: 'Milliseconds until all of it is there again.' }),
        }),
      )
      .openapi({ description: 'Every limit that binds the request, as it stands now.' }),
    next_pass_at: unixTime.nullable().openapi({ description: 'When it would pass, if only time stands against it.' }),
  })
  .openapi('Explanation');

export const configSchema = z
  .record(z.string(), z.unknown())
  .openapi('Config', { description: 'The effective configuration, secrets masked.' });
export const reloadedSchema = z.strictObject({ ok: z.literal(true) }).openapi('Reloaded');
export const backupSchema = z.strictObject({ file: z.string().min(1).max(4096) }).openapi('Backup');
export const backedUpSchema = z.strictObject({ file: z.string(), bytes: z.int(), keys: z.int() }).openapi('BackedUp');
export const stoppingSchema = z.strictObject({ draining: z.literal(true) }).openapi('Stopping');

export type ModelListBody = z.infer<typeof modelListSchema>;
export type StatusBody = z.infer<typeof statusSchema>;
export type FindingListBody = z.infer<typeof findingListSchema>;
export type ExplainBody = z.infer<typeof explainSchema>;
export type ExplanationBody = z.infer<typeof explanationSchema>;
export type BackedUpBody = z.infer<typeof backedUpSchema>;
