import { z } from '@hono/zod-openapi';
import { countInQuery, listOf, pageQuery, unixTime } from './contract.js';

export const requestRowSchema = z
  .strictObject({
    id: z.string(),
    started_at: unixTime,
    method: z.string(),
    path: z.string(),
    status: z.int(),
    code: z.string().nullable(),
    reason: z.string().nullable().openapi({ description: 'The inner reason of a refusal, for operators.' }),
    key_id: z.string().nullable(),
    previous_secret: z.boolean().openapi({ description: 'The secret before the last rotation was shown.' }),
    owner: z.string().nullable(),
    address: z.string(),
    model: z.string().nullable(),
    replica: z.string().nullable(),
    streamed: z.boolean(),
    first_byte_ms: z.number().nullable(),
    duration_ms: z.number(),
    bytes_in: z.int(),
    bytes_out: z.int(),
    attempts: z.int(),
    correlation_id: z.string().nullable(),
    user_agent: z.string().nullable(),
  })
  .openapi('Request');
export const requestListSchema = listOf(requestRowSchema, 'RequestList');

const requestFilter = {
  key_id: z.string().max(200).optional(),
  owner: z.string().max(200).optional(),
  model: z.string().max(300).optional(),
  status: z
    .string()
    .regex(/^[1-5](\d\d|xx)$/, 'must be a status such as 404 or a class such as 4xx')
    .optional(),
};
export const requestListQuery = z.strictObject({
  ...pageQuery,
  ...requestFilter,
  since: z.coerce.number<string>().int().min(0).optional().openapi({ description: 'Unix seconds.' }),
  follow: z
    .enum(['1', 'true', '0', 'false'])
    .optional()
    .openapi({ description: 'Answer with one JSON object a line for every request from now on.' }),
});

export const streamSchema = z
  .strictObject({
    id: z.string(),
    key_id: z.string(),
    owner: z.string().nullable(),
    model: z.string().nullable(),
    replica: z.string().nullable(),
    method: z.string(),
    path: z.string(),
    address: z.string(),
    phase: z.enum(['queued', 'connecting', 'waiting', 'streaming']),
    position: z
      .int()
      .nullable()
      .openapi({ description: 'Place among the queued requests of its model, 1 = next. `null` = it is not queued.' }),
    waiting_ms: z.int().nullable().openapi({ description: 'How long it is queued. `null` = it is not.' }),
    started_at: unixTime,
    bytes_out: z.int(),
  })
  .openapi('Stream');
export const streamListSchema = listOf(streamSchema, 'StreamList');
export const endedSchema = z.strictObject({ id: z.string(), ended: z.literal(true) }).openapi('Ended');

export const auditEntrySchema = z
  .strictObject({
    sequence: z.int(),
    at: unixTime,
    actor: z.string(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    action: z.string(),
    target: z.string(),
    result: z.string(),
    details: z.unknown(),
    hash: z.string(),
  })
  .openapi('AuditEntry');
export const auditListSchema = listOf(auditEntrySchema, 'AuditList');
export const auditListQuery = z.strictObject({
  ...pageQuery,
  action: z.string().max(100).optional(),
  target: z.string().max(300).optional(),
  actor: z.string().max(300).optional(),
});
export const auditVerifyQuery = z
  .strictObject({
    sequence: countInQuery(0, Number.MAX_SAFE_INTEGER)
      .optional()
      .openapi({ description: 'With `hash`: an entry as it was kept elsewhere, which must still be in the chain.' }),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the hash of an entry, 64 characters')
      .optional(),
  })
  .refine((query) => (query.sequence === undefined) === (query.hash === undefined), {
    message: 'send sequence and hash together',
  });
export const auditVerdictSchema = z
  .strictObject({
    intact: z.boolean(),
    entries: z.int(),
    broken_at: z.int().nullable(),
    head: z.string(),
    not_proven: z.array(z.string()).openapi({ description: 'What this check cannot prove.' }),
  })
  .openapi('AuditVerdict');

export type RequestRowBody = z.infer<typeof requestRowSchema>;
export type RequestListBody = z.infer<typeof requestListSchema>;
export type StreamBody = z.infer<typeof streamSchema>;
export type StreamListBody = z.infer<typeof streamListSchema>;
export type AuditEntryBody = z.infer<typeof auditEntrySchema>;
export type AuditListBody = z.infer<typeof auditListSchema>;
export type AuditVerdictBody = z.infer<typeof auditVerdictSchema>;
