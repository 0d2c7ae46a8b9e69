import { Refusal } from '../core/errors.js';
import type { LimitSettings } from '../core/limits.js';
import type { OwnerChange } from '../keys/key.js';
import type { ChangeContext, StoredOwner } from '../keys/stored-key.js';
import { actOf } from './key-changes.js';
import { owners } from './key-queries.js';
import { BadRow, limitsIn } from './key-rows.js';
import { noteAct, noteChange } from './meta-queries.js';
import { sqliteQueries as db } from './schema.js';
import type { Executor } from './sqlite/executor.js';

/** What memory needs of an owner. */
interface KnownOwner {
  disabled: boolean;
  limits: LimitSettings;
}

/** Switches an owner off or on, sets the limits of all his keys, or both; he may have no key yet. Inside a transaction. */
export function changeOwner(
  executor: Executor,
  request: OwnerChange & { name: string },
  context: ChangeContext,
): StoredOwner {
  const { name, disabled, limits } = request;
  const before = storedOwner(executor, name);
  writeOwner(executor, request, context.at);
  const target = `owner:${name}`;
  if (disabled !== undefined)
    noteAct(executor, {
      ...actOf(context),
      action: disabled ? 'owner.disable' : 'owner.enable',
      target,
      details: null,
    });
  if (limits !== undefined) {
    const details = { before: { limits: before?.limits ?? {} }, after: { limits } };
    noteAct(executor, { ...actOf(context), action: 'owner.update', target, details });
  }
  const after = storedOwner(executor, name);
  if (after === null) throw new Refusal('not_found');
  return after;
}

/** Writes over what is given and notes the change. Inside a transaction. */
export function writeOwner(executor: Executor, change: OwnerChange & { name: string }, at: number): void {
  const { name, disabled, limits } = change;
  const revision = noteChange(executor, 'owner', name);
  const values = {
    ...(disabled === undefined ? {} : { disabled: disabled ? 1 : 0 }),
    ...(limits === undefined ? {} : { limits: JSON.stringify(limits) }),
    updated_at: at,
    revision,
  };
  executor.run(
    db
      .insertInto('owners')
      .values({ name, disabled: 0, limits: '{}', ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values)),
  );
}

/** Every owner, as administrators see them. */
export function storedOwners(executor: Executor): StoredOwner[] {
  return executor.all(owners(null)).map(ownerOf);
}

/** An owner's row for memory; where it cannot be read, nothing of this owner works. */
export function knownOwner(row: { disabled: number; limits: string }): KnownOwner & { fault: string | null } {
  try {
    return { disabled: isDisabled(row.disabled), limits: limitsIn(row.limits), fault: null };
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    return { disabled: true, limits: {}, fault: error.message };
  }
}

function storedOwner(executor: Executor, name: string): StoredOwner | null {
  const row = executor.get(owners(name));
  return row === undefined ? null : ownerOf(row);
}

function ownerOf(row: { name: string; disabled: number; limits: string; ids: string }): StoredOwner {
  const { disabled, limits } = knownOwner(row);
  return { name: row.name, disabled, limits, keyIds: JSON.parse(row.ids) as string[] };
}

/** Anything but a clear no keeps the keys of an owner off. */
function isDisabled(disabled: unknown): boolean {
  return disabled !== 0;
}
