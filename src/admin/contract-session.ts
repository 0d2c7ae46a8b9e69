import { z } from '@hono/zod-openapi';
import { unixTime } from './contract.js';

export const sessionSchema = z
  .strictObject({
    id: z.string().openapi({ description: 'Who is signed in: a key id, `local:<user>` or `<provider>:<principal>`.' }),
    kind: z.enum(['operator', 'key', 'delegate']),
    name: z.string(),
    owner: z.string().nullable().openapi({ description: 'With an owner, only what belongs to that owner is shown.' }),
    scopes: z.array(z.string()).openapi({ description: 'As they are now; an operator has `admin`.' }),
    expires_at: unixTime.openapi({ description: 'When the session ends in any case.' }),
    idle_expires_at: unixTime.openapi({ description: 'When it ends unless it is used before.' }),
  })
  .openapi('Session');

export const signInSchema = z
  .strictObject({
    link: z.string().min(1).max(200).optional().openapi({ description: 'The secret of a one-time link.' }),
    key: z.string().min(1).max(1024).optional().openapi({ description: 'The secret of a key.' }),
  })
  .refine((body) => body.link === undefined || body.key === undefined, { message: 'send link or key, not both' })
  .openapi('SignIn', {
    description: 'Empty where a proxy in front says who asks (provider `upstream_header`).',
  });

export const sessionLinkSchema = z
  .strictObject({
    url: z.string().openapi({ description: 'Signs in whoever opens it first.' }),
    expires_at: unixTime,
  })
  .openapi('SessionLink');

export type SessionBody = z.infer<typeof sessionSchema>;
export type SessionLinkBody = z.infer<typeof sessionLinkSchema>;
