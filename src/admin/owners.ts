import { Refusal } from '../core/errors.js';
import type { KeyRecord } from '../keys/key.js';
import {
  type ChangedOwnerBody,
  changedOwnerSchema,
  namedOwnerChangeSchema,
  ownerChangeSchema,
  ownerListSchema,
  ownerParams,
} from './contract-key.js';
import { eachKey } from './each-key.js';
import { keepAnAdministrator } from './last-administrator.js';
import { defineOperation, type Operation } from './operation.js';
import { type Acting, asOfNow, reaches, requireScope } from './rights.js';
import { ownerToWire } from './wire-key.js';

/** Switching off asks for keys:revoke, switching on for keys:write; which one it is stands in the body. */
const SWITCHING = { anyOf: ['keys:write', 'keys:revoke'] };

export const ownerOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/owners',
    summary: 'List the owners of keys',
    access: { scope: 'keys:read' },
    reply: ownerListSchema,
    async run({ caller, context }) {
      const owners = await context.ports.keys.owners();
      return { data: owners.filter((owner) => reaches(caller, owner.name)).map(ownerToWire), next: null };
    },
  }),
  defineOperation({
    method: 'patch',
    path: '/admin/v1/owners/{name}',
    summary: 'Switch all keys of an owner off or on',
    access: SWITCHING,
    act: 'owner.update',
    params: ownerParams,
    body: ownerChangeSchema,
    reply: changedOwnerSchema,
    run: async ({ params, body, caller, context }) => switchOwner({ caller, context }, { ...body, ...params }),
  }),
  defineOperation({
    method: 'patch',
    path: '/admin/v1/owners',
    summary: 'The same for any name: one with a slash cannot stand in a path',
    access: SWITCHING,
    act: 'owner.update',
    body: namedOwnerChangeSchema,
    reply: changedOwnerSchema,
    run: async ({ body, caller, context }) => switchOwner({ caller, context }, body),
  }),
];

async function switchOwner(
  { caller, context }: Acting,
  { name, disabled }: { name: string; disabled: boolean },
): Promise<ChangedOwnerBody> {
  const { owner, ids } = await context.turns.take(async () => {
    const acting = { context, caller: await asOfNow({ caller, context }) };
    requireScope(acting, disabled ? 'keys:revoke' : 'keys:write');
    const keys = await keysOf(acting, name);
    if (disabled) await keepAnAdministrator(acting, keys);
    const changed = await context.ports.keys.setOwner(name, { disabled }, caller.actor);
    return { owner: changed, ids: keys.map((key) => key.id) };
  });
  const ended = disabled ? (context.ports.streams?.endKeys(ids, 'key_disabled') ?? 0) : 0;
  return { ...ownerToWire(owner), streams_ended: ended };
}

async function keysOf({ caller, context }: Acting, owner: string): Promise<KeyRecord[]> {
  if (!reaches(caller, owner))
    throw new Refusal('not_found', {
      message: NO_SUCH_OWNER,
      reason: 'another owner than the one the key is bound to',
    });
  const keys: KeyRecord[] = [];
  for await (const key of eachKey(context, { owner })) keys.push(key);
  if (keys.length === 0) throw new Refusal('not_found', { message: NO_SUCH_OWNER });
  return keys;
}

const NO_SUCH_OWNER = 'There is no owner with this name. `keyporter owners list` shows who there is.';
