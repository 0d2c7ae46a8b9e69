import type { z } from '@hono/zod-openapi';
import { Refusal } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import { explainSchema, explanationSchema } from './contract-gateway.js';
import { defined } from './defined.js';
import { defineOperation } from './operation.js';
import { type Acting, boundOwner, reachableKey, reaches } from './rights.js';

export const explainOperation = defineOperation({
  method: 'post',
  path: '/admin/v1/explain',
  summary: 'Every rule that would be asked about a request, and its answer',
  access: { scope: 'admin' },
  body: explainSchema,
  reply: explanationSchema,
  async run({ body, caller, context }) {
    await requireReachable({ caller, context }, body);
    const { key_id: keyId, key: secret, method, path, model, from, at } = body;
    const { nextPassAt, limits, ...explanation } = await context.ports.explain(
      defined({ keyId: keyId ?? null, secret, method, path, model, from, at }),
    );
    return {
      ...explanation,
      limits: limits.map(({ resetMs, ...standing }) => ({ ...standing, reset_ms: resetMs })),
      next_pass_at: nextPassAt,
    };
  },
});

/** An unknown id is refused: an explanation of it would read like one of a key. A secret may be unknown, that is what is asked. */
async function requireReachable(acting: Acting, body: z.output<typeof explainSchema>): Promise<void> {
  if (typeof body.key_id === 'string') await reachableKey(acting, body.key_id);
  if (body.key === undefined || boundOwner(acting.caller) === null) return;
  const found = await acting.context.ports.keys.findRevocable({ secret: new Secret(body.key) });
  if (!found.every((record) => reaches(acting.caller, record.owner)) || found.length === 0)
    throw new Refusal('not_found');
}
