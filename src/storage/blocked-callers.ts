import type { Compilable } from 'kysely';
import type { BlockedCaller } from '../keys/key.js';
import type { ChangeContext } from '../keys/stored-key.js';
import { noteAct, noteChange } from './meta-queries.js';
import { sqliteQueries as db, type BlockedCallerTable } from './schema.js';
import type { Executor } from './sqlite/executor.js';

/** All blocked callers, or the one of this id. */
export function blockedCallers(id?: string): Compilable<BlockedCallerTable> {
  const all = db.selectFrom('blocked_callers').selectAll().orderBy('id');
  return id === undefined ? all : all.where('id', '=', id);
}

export function shownCaller({ id, blocked_at, blocked_by }: BlockedCallerTable): BlockedCaller {
  return { id, blockedAt: blocked_at, blockedBy: blocked_by };
}

/** Blocks a caller or lets it in again. Doing it twice changes nothing but the trail. Inside a transaction. */
export function switchCaller(
  executor: Executor,
  request: { id: string; blocked: boolean },
  context: ChangeContext,
): void {
  const { id, blocked } = request;
  const { actor, at } = context;
  noteChange(executor, 'caller', id);
  if (blocked)
    executor.run(
      db
        .insertInto('blocked_callers')
        .values({ id, blocked_at: at, blocked_by: actor.id })
        .onConflict((conflict) => conflict.doNothing()),
    );
  else executor.run(db.deleteFrom('blocked_callers').where('id', '=', id));
  const action = blocked ? 'caller.block' : 'caller.unblock';
  noteAct(executor, {
    at,
    actor: actor.id,
    address: actor.address,
    requestId: actor.requestId,
    result: 'done',
    action,
    target: `caller:${id}`,
    details: null,
  });
}
