import { z } from '@hono/zod-openapi';
import type { KeyRecord } from '../keys/key.js';
import { idParams } from './contract.js';
import {
  createdKeySchema,
  keySchema,
  newKeySchema,
  revokedSchema,
  revokeOneSchema,
  rotatedKeySchema,
  rotateSchema,
} from './contract-key.js';
import { withDescendants } from './each-key.js';
import { revokeManyOperation, revokeOne } from './key-revocation.js';
import { keepAnAdministrator } from './last-administrator.js';
import { defineOperation, type Operation } from './operation.js';
import { recentUse } from './recent-use.js';
import { type Acting, asOfNow, reachableKey, requireHeld, requireKnownScopes, requireScope } from './rights.js';
import { keyToWire, newKeyFromWire } from './wire-key.js';

const KEY = '/admin/v1/keys/{id}';
const switchedKeySchema = keySchema.extend({ streams_ended: z.int() }).openapi('SwitchedKey');

export const keyActOperations: Operation[] = [
  revokeManyOperation,
  defineOperation({
    method: 'post',
    path: `${KEY}/rotate`,
    summary: 'Give a key a new secret',
    access: { scope: 'keys:write' },
    act: 'key.rotate',
    revealsSecret: true,
    params: idParams,
    body: rotateSchema,
    reply: rotatedKeySchema,
    async run({ params, body, caller, context }) {
      const { record, secret } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        const present = await reachableKey(acting, params.id);
        await requireHeld(acting, present);
        if (body.overlap_seconds === 0) requireScope(acting, 'keys:revoke');
        return context.ports.keys.rotate(params.id, body.overlap_seconds, caller.actor);
      });
      return { ...keyToWire(record), key: secret.reveal(), ...(await recentUse(context, [record.id])) };
    },
  }),
  defineOperation({
    method: 'post',
    path: `${KEY}/revoke`,
    summary: 'Revoke a key for good',
    access: { scope: 'keys:revoke' },
    act: 'key.revoke',
    params: idParams,
    body: revokeOneSchema,
    reply: revokedSchema,
    async run({ params, body, caller, context }) {
      return revokeOne({ caller, context }, params.id, body.reason ?? null);
    },
  }),
  defineOperation({
    method: 'post',
    path: `${KEY}/disable`,
    summary: 'Switch a key off until it is enabled again',
    access: { scope: 'keys:revoke' },
    act: 'key.disable',
    params: idParams,
    reply: switchedKeySchema,
    async run({ params, caller, context }) {
      const { record, ids } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        const ending = await withDescendants(context, [await reachableKey(acting, params.id)]);
        await keepAnAdministrator(acting, ending);
        const changed = await context.ports.keys.setDisabled(params.id, true, caller.actor);
        return { record: changed, ids: ending.map((key) => key.id) };
      });
      return { ...keyToWire(record), streams_ended: context.ports.streams?.endKeys(ids, 'key_disabled') ?? 0 };
    },
  }),
  defineOperation({
    method: 'post',
    path: `${KEY}/enable`,
    summary: 'Switch a key on again',
    access: { scope: 'keys:write' },
    act: 'key.enable',
    params: idParams,
    reply: switchedKeySchema,
    async run({ params, caller, context }) {
      const record = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        await requireHeld(acting, await reachableKey(acting, params.id));
        return context.ports.keys.setDisabled(params.id, false, caller.actor);
      });
      return { ...keyToWire(record), streams_ended: 0 };
    },
  }),
  defineOperation({
    method: 'post',
    path: `${KEY}/derive`,
    summary: 'Make a narrower key that dies with this one',
    access: { scope: 'keys:write' },
    act: 'key.derive',
    revealsSecret: true,
    status: 201,
    params: idParams,
    body: newKeySchema,
    reply: createdKeySchema,
    async run({ params, body, caller, context }) {
      const { record, secret } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        return derive(acting, await reachableKey(acting, params.id), newKeyFromWire(body));
      });
      return { ...keyToWire(record), key: secret.reveal() };
    },
  }),
];

/** Makes the child; that it stays within its parent is held by the life cycle of keys itself. */
async function derive(acting: Acting, parent: KeyRecord, wanted: ReturnType<typeof newKeyFromWire>) {
  requireKnownScopes(wanted.scopes, acting);
  await requireHeld(acting, parent);
  return acting.context.ports.keys.derive(parent.id, wanted, acting.caller.actor);
}
