import { Refusal } from '../core/errors.js';
import type { KeyRecord, OwnerChange, OwnerRecord } from '../keys/key.js';
import { memoryPageQuery } from './contract.js';
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
import { pageOf } from './page-of.js';
import { type Acting, asOfNow, boundOwner, reaches, requireHeld, requireScope } from './rights.js';
import { ownerChangeFromWire, ownerToWire } from './wire-key.js';

/** Switching off asks for keys:revoke, everything else for keys:write; which one it is stands in the body. */
const CHANGING = { anyOf: ['keys:write', 'keys:revoke'] };

export const ownerOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/owners',
    summary: 'List the owners of keys',
    access: { scope: 'keys:read' },
    query: memoryPageQuery,
    reply: ownerListSchema,
    async run({ query, caller, context }) {
      const owners = await context.ports.keys.owners();
      const within = owners.filter((owner) => reaches(caller, owner.name)).map(ownerToWire);
      return pageOf(within, query, ({ name }) => name);
    },
  }),
  defineOperation({
    method: 'patch',
    path: '/admin/v1/owners/{name}',
    summary: 'Switch all keys of an owner off or on, or set limits for all of them together',
    access: CHANGING,
    act: 'owner.update',
    params: ownerParams,
    body: ownerChangeSchema,
    reply: changedOwnerSchema,
    run: async ({ params, body, caller, context }) =>
      changeOwner({ caller, context }, params.name, ownerChangeFromWire(body)),
  }),
  defineOperation({
    method: 'patch',
    path: '/admin/v1/owners',
    summary: 'The same for any name: one with a slash cannot stand in a path',
    access: CHANGING,
    act: 'owner.update',
    body: namedOwnerChangeSchema,
    reply: changedOwnerSchema,
    run: async ({ body, caller, context }) => changeOwner({ caller, context }, body.name, ownerChangeFromWire(body)),
  }),
];

async function changeOwner({ caller, context }: Acting, name: string, change: OwnerChange): Promise<ChangedOwnerBody> {
  if (Object.keys(change).length === 0)
    throw new Refusal('invalid_value', { message: 'The body names nothing to change: "disabled", "limits", or both.' });
  const { owner, ids } = await context.turns.take(async () => {
    const acting = { context, caller: await asOfNow({ caller, context }) };
    const keys = await keysOf(acting, name);
    await requireMayChange(acting, name, change);
    // Others may vouch for callers of an owner who has no key here.
    const callers = (await context.ports.callers.list()).filter((one) => one.owner === name);
    const held = [...keys, ...callers].map(({ id }) => id);
    if (change.disabled !== undefined && held.length === 0 && !(await isKnown(acting, name))) throw noSuchOwner();
    if (change.disabled === true) await keepAnAdministrator(acting, keys);
    const changed = await context.ports.keys.setOwner(name, change, caller.actor);
    return { owner: changed, ids: held };
  });
  const ended = change.disabled === true ? (context.ports.streams?.endKeys(ids, 'key_disabled') ?? 0) : 0;
  return { ...ownerToWire(owner), streams_ended: ended };
}

async function requireMayChange(acting: Acting, name: string, { disabled, limits }: OwnerChange): Promise<void> {
  if (disabled === true) requireScope(acting, 'keys:revoke');
  if (disabled === false) requireScope(acting, 'keys:write');
  if (limits === undefined) return;
  requireScope(acting, 'keys:write');
  if (boundOwner(acting.caller) !== null)
    throw new Refusal('missing_scope', {
      message:
        'A key with an owner cannot change the limits of that owner: it would loosen its own. Use a key without an owner.',
    });
  const before = (await acting.context.ports.keys.owners()).find((owner) => owner.name === name);
  if (before !== undefined && Object.keys(before.limits).length > 0) await requireHeld(acting, asPolicy(before));
  await requireHeld(acting, asPolicy({ name, limits }));
}

/** An owner may have limits, or be switched off, before he has keys. */
async function isKnown({ context }: Acting, name: string): Promise<boolean> {
  return (await context.ports.keys.owners()).some((owner) => owner.name === name);
}

/** Limits of an owner are judged like those of a key that may do nothing else. */
function asPolicy({ name, limits }: Pick<OwnerRecord, 'name' | 'limits'>): Parameters<typeof requireHeld>[1] {
  return { owner: name, scopes: [], models: [], allowIps: [], limits, attributes: {} };
}

async function keysOf({ caller, context }: Acting, owner: string): Promise<KeyRecord[]> {
  if (!reaches(caller, owner)) throw noSuchOwner('another owner than the one the key is bound to');
  const keys: KeyRecord[] = [];
  for await (const key of eachKey(context, { owner })) keys.push(key);
  return keys;
}

function noSuchOwner(reason?: string): Refusal {
  return new Refusal('not_found', {
    message: 'There is no owner with this name. `keyporter owners list` shows who there is.',
    ...(reason === undefined ? {} : { reason }),
  });
}
