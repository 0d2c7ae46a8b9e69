import { Refusal } from '../core/errors.js';
import type { KeyPolicy, KeyRecord } from '../keys/key.js';
import { eachKey, isUsable } from './each-key.js';
import type { AdminContext } from './operation.js';
import type { Acting } from './rights.js';

/**
 * Refuses a change after which nobody could administer keys over the API any more. The operator of
 * the machine may do it: he needs no key.
 *
 * @param ending Keys that would stop working or lose rights by the change.
 * @param after What the only one of them would be afterwards, when it is changed and not ended.
 */
export async function keepAnAdministrator(
  { caller, context }: Acting,
  ending: readonly KeyRecord[],
  after?: KeyRecord,
): Promise<void> {
  if (caller.holder === 'operator') return;
  const administrators = await usableAdministrators(ending, context);
  const first = administrators[0];
  if (first === undefined || (after !== undefined && administers(after, context) && isNoShorter(after, first))) return;
  if (await anotherRemains(administrators, new Set(ending.map((key) => key.id)), context)) return;
  throw new Refusal('conflict', {
    message:
      'This would end the last key that can administer keys. Make another one first, or do it on the machine itself with `keyporter keys`.',
  });
}

async function usableAdministrators(keys: readonly KeyRecord[], context: AdminContext): Promise<KeyRecord[]> {
  const found: KeyRecord[] = [];
  for (const key of keys) if (administers(key, context) && (await isUsable(key, context))) found.push(key);
  return found;
}

/** A key without an owner administers everything, so only another such key can stand in for it. */
async function anotherRemains(
  ended: readonly KeyRecord[],
  endedIds: ReadonlySet<string>,
  context: AdminContext,
): Promise<boolean> {
  const owner = ended.some((key) => key.owner === null) ? null : (ended[0]?.owner ?? null);
  for await (const key of eachKey(context, { state: 'active' })) {
    const standsIn = key.owner === null || key.owner === owner;
    if (standsIn && !endedIds.has(key.id) && administers(key, context) && (await isUsable(key, context))) return true;
  }
  return false;
}

function administers(policy: KeyPolicy, { settings }: AdminContext): boolean {
  return ['keys:write', 'keys:revoke'].every((needed) =>
    policy.scopes.some((granted) => settings.covers(granted, needed)),
  );
}

function isNoShorter(after: KeyRecord, before: KeyRecord): boolean {
  const reachesAsFar = after.owner === null || after.owner === before.owner;
  return (
    reachesAsFar && (after.expiresAt === null || (before.expiresAt !== null && after.expiresAt >= before.expiresAt))
  );
}
