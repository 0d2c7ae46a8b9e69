import { Refusal } from '../core/errors.js';
import type { KeyPolicy, NewKey } from '../keys/key.js';
import { idParams } from './contract.js';
import {
  createdKeySchema,
  keyChangeSchema,
  keyListQuery,
  keyListSchema,
  keySchema,
  newKeySchema,
  revokedSchema,
} from './contract-key.js';
import { defined } from './defined.js';
import { revokeOne } from './key-revocation.js';
import { keepAnAdministrator } from './last-administrator.js';
import { defineOperation, type Operation } from './operation.js';
import { AdminRefusal, pointerOf } from './problem.js';
import { type Acting, asOfNow, boundOwner, reachableKey, requireHeld, requireKnownScopes } from './rights.js';
import { keyChangeFromWire, keyFilterFromWire, keyToWire, newKeyFromWire } from './wire-key.js';

const KEYS = '/admin/v1/keys';
const KEY = `${KEYS}/{id}`;

export const keyOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: KEYS,
    summary: 'List keys',
    access: { scope: 'keys:read' },
    query: keyListQuery,
    reply: keyListSchema,
    async run({ query, caller, context }) {
      const bound = boundOwner(caller);
      if (bound !== null && query.owner !== undefined && query.owner !== bound) return { data: [], next: null };
      const filter = { ...keyFilterFromWire(query), ...(bound === null ? {} : { owner: bound }) };
      const page = await context.ports.keys.list(filter, defined({ limit: query.limit, after: query.after }));
      return { data: page.data.map(keyToWire), next: page.next };
    },
  }),
  defineOperation({
    method: 'post',
    path: KEYS,
    summary: 'Make a key',
    access: { scope: 'keys:write' },
    act: 'key.create',
    revealsSecret: true,
    status: 201,
    body: newKeySchema,
    reply: createdKeySchema,
    async run({ body, caller, context }) {
      const { record, secret } = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        const wanted = withOwnOwner(newKeyFromWire(body), acting);
        requireMembers({ ...body, owner: wanted.owner }, context.ports.policy.required);
        requireKnownScopes(wanted.scopes, acting);
        await requireHeld(acting, policyOf(wanted, acting));
        return context.ports.keys.create(wanted, caller.actor);
      });
      return { ...keyToWire(record), key: secret.reveal() };
    },
  }),
  defineOperation({
    method: 'get',
    path: KEY,
    summary: 'Show a key',
    access: { scope: 'keys:read' },
    params: idParams,
    reply: keySchema,
    async run({ params, caller, context }) {
      return keyToWire(await reachableKey({ caller, context }, params.id));
    },
  }),
  defineOperation({
    method: 'patch',
    path: KEY,
    summary: 'Change a key',
    access: { scope: 'keys:write' },
    act: 'key.update',
    params: idParams,
    body: keyChangeSchema,
    reply: keySchema,
    async run({ params, body, caller, context }) {
      const change = keyChangeFromWire(body);
      if (Object.keys(change).length === 0)
        throw new Refusal('invalid_value', { message: 'The body names nothing to change.' });
      const record = await context.turns.take(async () => {
        const acting = { context, caller: await asOfNow({ caller, context }) };
        const present = await reachableKey(acting, params.id);
        const after = { ...present, ...change };
        requireKnownScopes(change.scopes, acting);
        await requireHeld(acting, present);
        await requireHeld(acting, after);
        await keepAnAdministrator(acting, [present], after);
        return context.ports.keys.update(params.id, change, caller.actor);
      });
      return keyToWire(record);
    },
  }),
  defineOperation({
    method: 'delete',
    path: KEY,
    summary: 'Revoke a key for good',
    access: { scope: 'keys:revoke' },
    act: 'key.revoke',
    params: idParams,
    reply: revokedSchema,
    async run({ params, caller, context }) {
      return revokeOne({ caller, context }, params.id, null);
    },
  }),
];

/** A maker bound to an owner makes keys of that owner, also when he names none. */
function withOwnOwner(wanted: NewKey, { caller }: Acting): NewKey {
  const bound = boundOwner(caller);
  if (bound === null || (wanted.owner ?? bound) !== bound) return wanted;
  return { ...wanted, owner: bound };
}

/** `keys.require` of the configuration: what has to be said about every new key. */
export function requireMembers(body: object, required: readonly string[]): void {
  const given = new Map<string, unknown>(Object.entries(body));
  const missing = required.filter((name) => !isGiven(given.get(name)));
  if (missing.length === 0) return;
  throw new AdminRefusal('invalid_value', {
    message: `Here every new key needs ${required.join(', ')} (keys.require). Add ${missing.join(', ')}.`,
    faults: missing.map((name) => ({ pointer: pointerOf([name]), in: 'body', detail: 'must be given' })),
  });
}

function isGiven(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== null && value !== undefined;
}

/** What the key would hold, with the configured defaults filled in. */
export function policyOf(wanted: NewKey, { context }: Acting): KeyPolicy {
  const empty = {
    owner: null,
    scopes: context.ports.policy.defaultScopes,
    models: [],
    allowIps: [],
    limits: {},
    attributes: {},
  };
  return { ...empty, ...wanted };
}
