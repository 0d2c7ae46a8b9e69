import { Refusal } from '../core/errors.js';
import type { LimitSettings } from '../core/limits.js';
import { tighterOf } from '../core/tighter-limits.js';
import type { KeyPolicy, KeyRecord } from '../keys/key.js';
import type { AdminCaller } from './caller.js';
import { isUsable } from './each-key.js';
import type { AdminContext } from './operation.js';
import { AdminRefusal, pointerOf } from './problem.js';

/** Who acts, and with what. */
export interface Acting {
  caller: AdminCaller;
  context: AdminContext;
}

/** The owner a caller is bound to: scopes on a key with an owner reach that owner's keys alone. Null = all owners. */
export function boundOwner(caller: AdminCaller): string | null {
  return caller.holder === 'operator' ? null : caller.holder.owner;
}

/** True when the caller reaches what belongs to `owner`. */
export function reaches(caller: AdminCaller, owner: string | null): boolean {
  const bound = boundOwner(caller);
  return bound === null || bound === owner;
}

/** True when the caller holds `scope`. */
export function holds({ caller, context }: Acting, scope: string): boolean {
  return (
    caller.holder === 'operator' || caller.holder.scopes.some((granted) => context.settings.covers(granted, scope))
  );
}

/** Refuses when the caller does not hold `scope`. */
export function requireScope(acting: Acting, scope: string): void {
  if (holds(acting, scope)) return;
  throw new Refusal('missing_scope', {
    message: `This needs the scope "${scope}", which the key does not have. Use a key that has it.`,
  });
}

/** The key, or the same 404 for one that does not exist and one that belongs to another owner. */
export async function reachableKey({ caller, context }: Acting, id: string): Promise<KeyRecord> {
  const record = await context.ports.keys.get(id);
  if (record === null) throw new Refusal('not_found', { message: NO_SUCH_KEY });
  if (reaches(caller, record.owner)) return record;
  throw new Refusal('not_found', { message: NO_SUCH_KEY, reason: 'the key belongs to another owner' });
}

const NO_SUCH_KEY = 'There is no key with this id. List the keys to find the right one (`keyporter keys list`).';

/** Refuses to hand on, or to act with, rights the caller does not have himself. A key that exists is named with its parent. */
export async function requireHeld(
  { caller, context }: Acting,
  wanted: KeyPolicy & { parentId?: string | null },
): Promise<void> {
  if (caller.holder === 'operator') return;
  const limits = await effectiveLimits(wanted, context);
  const missing = context.settings.lacking(caller.holder, { ...wanted, limits }, context.ports.policy.usualLimits);
  if (missing === null) return;
  throw new Refusal('missing_scope', { message: `This would go beyond the rights of the key that asks: ${missing}.` });
}

/** Limits that bind a key: its own, and those of the keys above it, for whom its use counts too. */
async function effectiveLimits(
  { limits, parentId = null }: { limits: LimitSettings; parentId?: string | null },
  context: AdminContext,
): Promise<LimitSettings> {
  const parent = parentId === null ? null : await context.ports.keys.get(parentId);
  return parent === null ? limits : tighterOf(limits, await effectiveLimits(parent, context));
}

/**
 * The caller as he is now, read inside the turn of a change: a key that was revoked, disabled or
 * narrowed since it was shown changes nothing any more.
 */
export async function asOfNow({ caller, context }: Acting): Promise<AdminCaller> {
  const { holder, keyId } = caller;
  if (keyId === null || holder === 'operator') return caller;
  const record = await context.ports.keys.get(keyId);
  if (record === null || !(await isUsable(record, context)))
    throw new Refusal('invalid_api_key', { reason: 'the key ended while its request waited' });
  // The holder that came with the request is already narrowed to what the keys above it allow.
  const scopes = holder.scopes.filter((scope) =>
    record.scopes.some((granted) => context.settings.covers(granted, scope)),
  );
  return { ...caller, holder: { ...record, scopes, limits: await effectiveLimits(record, context) } };
}

/** A scope nobody knows would lie in the key until a later version gives it a meaning. */
export function requireKnownScopes(scopes: readonly string[] | undefined, { context }: Acting): void {
  const unknown = (scopes ?? []).flatMap((scope, at) => (context.settings.isKnownScope(scope) ? [] : [{ scope, at }]));
  if (unknown.length === 0) return;
  throw new AdminRefusal('invalid_value', {
    message: `There is no scope "${unknown[0]?.scope ?? ''}". \`keyporter keys create --help\` lists the scopes.`,
    faults: unknown.map(({ at }) => ({ pointer: pointerOf(['scopes', at]), in: 'body', detail: 'unknown scope' })),
  });
}
