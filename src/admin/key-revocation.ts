import type { z } from '@hono/zod-openapi';
import { Refusal } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { KeyRecord, RevokeResult, RevokeTarget } from '../keys/key.js';
import { keyListSchema, type RevokedBody, revokedSchema, revokeManySchema } from './contract-key.js';
import { keepAnAdministrator } from './last-administrator.js';
import { defineOperation } from './operation.js';
import { recentUse } from './recent-use.js';
import { type Acting, asOfNow, boundOwner, reachableKey, reaches } from './rights.js';
import { keyToWire } from './wire-key.js';

/** Revokes one key and what was derived from it, ends what runs with them, and tells what that was. */
export async function revokeOne({ caller, context }: Acting, id: string, reason: string | null): Promise<RevokedBody> {
  const result = await context.turns.take(async () => {
    const acting = { context, caller: await asOfNow({ caller, context }) };
    await reachableKey(acting, id);
    return revokeFound(acting, { ids: [id] }, reason);
  });
  return afterRevoking({ caller, context }, result);
}

export const revokeManyOperation = defineOperation({
  method: 'post',
  path: '/admin/v1/keys/revoke',
  summary: 'Revoke all keys of an owner, all with a label, or the one a secret belongs to',
  access: { scope: 'keys:revoke' },
  act: 'key.revoke',
  body: revokeManySchema,
  reply: revokedSchema.or(keyListSchema),
  async run({ body, caller, context }) {
    const target = targetOf(body);
    if (body.dry_run) {
      const { found } = await findReachable({ caller, context }, target);
      return { data: found.map(keyToWire), next: null };
    }
    const result = await context.turns.take(async () => {
      const acting = { context, caller: await asOfNow({ caller, context }) };
      const { target: reachable } = await findReachable(acting, target);
      return revokeFound(acting, reachable, body.reason ?? null);
    });
    return afterRevoking({ caller, context }, result);
  },
});

function targetOf(body: z.output<typeof revokeManySchema>): RevokeTarget {
  if (body.owner !== undefined) return { owner: body.owner };
  if (body.label !== undefined) return { label: body.label };
  return { secret: new Secret(body.key ?? '') };
}

/** What the target means within the caller's reach. Nothing within it looks like nothing at all. */
async function findReachable(
  { caller, context }: Acting,
  target: RevokeTarget,
): Promise<{ target: RevokeTarget; found: KeyRecord[] }> {
  const all = await context.ports.keys.findRevocable(target);
  const found = all.filter((record) => reaches(caller, record.owner));
  if (found.length === 0) {
    throw new Refusal('not_found', {
      message: 'No key fits that could still be revoked. `keyporter keys list` shows the keys.',
      ...(all.length > 0 ? { reason: 'the keys belong to another owner' } : {}),
    });
  }
  return { found, target: boundOwner(caller) === null ? target : { ids: found.map((record) => record.id) } };
}

async function revokeFound(acting: Acting, target: RevokeTarget, reason: string | null): Promise<RevokeResult> {
  const { keys } = acting.context.ports;
  await keepAnAdministrator(acting, await keys.findRevocable(target));
  return keys.revoke(target, reason, acting.caller.actor);
}

async function afterRevoking({ context }: Acting, result: RevokeResult): Promise<RevokedBody> {
  const ended = context.ports.streams?.endKeys(result.revoked, 'key_revoked') ?? 0;
  const use = await recentUse(context, result.revoked);
  return {
    revoked: result.revoked,
    children: result.children,
    streams_ended: ended,
    last_used_at: result.lastUsedAt,
    ...use,
  };
}
