import { z } from '@hono/zod-openapi';
import { listOf, plainText, unixTime } from './contract.js';

export const callerSchema = z
  .strictObject({
    id: z.string().openapi({ description: '`<provider>:<principal>`' }),
    owner: z.string().nullable(),
    blocked: z.boolean(),
    blocked_at: unixTime.nullable(),
    blocked_by: z.string().nullable(),
    last_seen_at: unixTime.nullable().openapi({ description: 'Since the gateway started; null = not since then.' }),
  })
  .openapi('Caller');
export const callerListSchema = listOf(callerSchema, 'CallerList');
export const callerChangeSchema = z.strictObject({ id: plainText(300), blocked: z.boolean() }).openapi('CallerChange');
export const changedCallerSchema = callerSchema.extend({ streams_ended: z.int() }).openapi('ChangedCaller');

export type CallerBody = z.infer<typeof callerSchema>;
export type CallerListBody = z.infer<typeof callerListSchema>;
export type ChangedCallerBody = z.infer<typeof changedCallerSchema>;
