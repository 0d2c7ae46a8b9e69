import { Refusal } from '../core/errors.js';
import type { KeyRecord } from '../keys/key.js';
import {
  createdKeySchema,
  newKeySchema,
  ownKeySchema,
  revokedSchema,
  revokeOneSchema,
  rotatedKeySchema,
  rotateSchema,
} from './contract-key.js';
import { revokeOne } from './key-revocation.js';
import { defineOperation, type Operation } from './operation.js';
import { recentUse } from './recent-use.js';
import { type Acting, asOfNow, requireHeld, requireKnownScopes } from './rights.js';
import { keyToWire, newKeyFromWire } from './wire-key.js';

/** What any holder may ask and, as `keys.self_service` allows, do about his own key. No id is ever taken from the request. */
export const ownKeyOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/me',
    summary: 'Show the key that asks',
    access: 'anyone',
    reply: ownKeySchema,
    async run({ caller, context }) {
      const own = keyToWire(await ownKey({ caller, context }));
      const {
        id,
        name,
        prefix,
        owner,
        scopes,
        models,
        allow_ips,
        limits,
        expires_at,
        created_at,
        rotated_at,
        previous,
        last_used_at,
      } = own;
      const self_service = [...context.ports.policy.selfService];
      return {
        id,
        name,
        prefix,
        owner,
        scopes,
        models,
        allow_ips,
        limits,
        expires_at,
        created_at,
        rotated_at,
        previous,
        last_used_at,
        self_service,
      };
    },
  }),
  defineOperation({
    method: 'post',
    path: '/me/revoke',
    summary: 'Revoke the key that asks',
    access: 'anyone',
    act: 'key.revoke',
    body: revokeOneSchema,
    reply: revokedSchema,
    async run({ body, caller, context }) {
      requireSelfService({ caller, context }, 'revoke');
      const { id } = await ownKey({ caller, context });
      return revokeOne({ caller, context }, id, body.reason ?? null);
    },
  }),
  defineOperation({
    method: 'post',
    path: '/me/rotate',
    summary: 'Give the key that asks a new secret',
    access: 'anyone',
    act: 'key.rotate',
    revealsSecret: true,
    body: rotateSchema,
    reply: rotatedKeySchema,
    async run({ body, caller, context }) {
      requireSelfService({ caller, context }, 'rotate');
      const { record, secret } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        return context.ports.keys.rotate((await ownKey(acting)).id, body.overlap_seconds, caller.actor);
      });
      return { ...keyToWire(record), key: secret.reveal(), ...(await recentUse(context, [record.id])) };
    },
  }),
  defineOperation({
    method: 'post',
    path: '/me/derive',
    summary: 'Make a narrower key that dies with the key that asks',
    access: 'anyone',
    act: 'key.derive',
    revealsSecret: true,
    status: 201,
    body: newKeySchema,
    reply: createdKeySchema,
    async run({ body, caller, context }) {
      requireSelfService({ caller, context }, 'derive');
      const { record, secret } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        const parent = await ownKey(acting);
        const wanted = newKeyFromWire(body);
        requireKnownScopes(wanted.scopes, acting);
        // What the child uses counts for this key too, so its limits are judged where it is made.
        await requireHeld(acting, { ...parent, ...wanted, limits: parent.limits });
        return context.ports.keys.derive(parent.id, wanted, caller.actor);
      });
      return { ...keyToWire(record), key: secret.reveal() };
    },
  }),
];

async function ownKey({ caller, context }: Acting): Promise<KeyRecord> {
  const record = caller.keyId === null ? null : await context.ports.keys.get(caller.keyId);
  if (record === null)
    throw new Refusal('not_found', {
      message: 'No key of this server was shown. Send yours as "Authorization: Bearer <key>".',
    });
  return record;
}

function requireSelfService({ context }: Acting, act: string): void {
  if (context.ports.policy.selfService.includes(act)) return;
  throw new Refusal('missing_scope', {
    message: `Holders may not ${act} their own keys here. Ask the administrator (keys.self_service).`,
  });
}
