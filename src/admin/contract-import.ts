import { z } from '@hono/zod-openapi';
import { limitsSchema } from './contract-limits.js';
import { plainText, unixTime } from './contract.js';

const importedKey = z
  .strictObject({
    name: plainText(200),
    owner: plainText(128).nullable().default(null),
    scopes: z.array(z.string().min(1).max(64)).max(64),
    models: z.array(plainText(256)).max(256).default([]),
    limits: limitsSchema.optional(),
    labels: z.record(z.string().min(1).max(64), plainText(256)).default({}),
    created_at: unixTime.nullable().default(null),
    expires_at: unixTime.nullable().default(null),
    disabled: z.boolean().default(false),
    secret: z.string().min(1).max(4096).optional().openapi({ description: 'The secret its holder has.' }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
      .optional()
      .openapi({ description: 'SHA-256 of the secret, where no more is known.' }),
  })
  .refine((key) => (key.secret === undefined) !== (key.sha256 === undefined), {
    message: 'name exactly one of secret and sha256',
  });

export const importSchema = z.strictObject({ keys: z.array(importedKey).min(1).max(1000) }).openapi('ImportKeys');
export const importedSchema = z
  .strictObject({
    data: z.array(
      z.strictObject({
        id: z.string(),
        known: z.boolean().openapi({ description: 'A key had this secret already; it was left as it is.' }),
      }),
    ),
    next: z.null(),
  })
  .openapi('ImportedKeys', { description: 'In the order of the request.' });

export type ImportBody = z.input<typeof importSchema>;
export type ImportedKeyBody = ImportBody['keys'][number];
export type ImportedBody = z.infer<typeof importedSchema>;
