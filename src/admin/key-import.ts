import type { z } from '@hono/zod-openapi';
import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { importedSchema, importSchema } from './contract-import.js';
import { defined } from './defined.js';
import { defineOperation } from './operation.js';

export const importOperation = defineOperation({
  method: 'post',
  path: '/admin/v1/keys/import',
  summary: 'Take over keys of another system; their holders keep their secrets',
  // Whoever brings a secret knows it: only the operator may make keys that others already hold.
  access: 'operator',
  act: 'key.import',
  body: importSchema,
  reply: importedSchema,
  async run({ body, caller, context }) {
    const keys = body.keys.map(keyFromWire);
    const data = await context.turns.take(() => context.ports.keys.importKeys(keys, caller.actor));
    return { data, next: null };
  },
});

function keyFromWire(key: z.output<typeof importSchema>['keys'][number]): ImportedKey {
  const { created_at: createdAt, expires_at: expiresAt, secret, sha256, limits = {}, ...same } = key;
  const shown = secret === undefined ? { sha256: Buffer.from(sha256 ?? '', 'hex') } : { text: new Secret(secret) };
  return { ...same, limits: defined(limits), createdAt, expiresAt, secret: shown };
}
