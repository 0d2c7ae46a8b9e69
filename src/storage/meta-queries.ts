import type { AuditAct, ChainHead } from '../audit/chain.js';
import { nextRow } from '../audit/chain.js';
import type { Executor } from './sqlite/executor.js';
import { sqliteQueries as db, type AuditTable, type ChangeTable, type MetaTable } from './schema.js';

const META_ID = 1;

/** The one row about the store itself. */
export function readMeta(executor: Executor): MetaTable {
  const meta = executor.get(db.selectFrom('meta').selectAll().where('id', '=', META_ID));
  if (meta === undefined) throw new Error('The store has no meta row.');
  return meta;
}

/** The place of the audit chain at which the next row is added. */
export function auditHead(executor: Executor): ChainHead {
  const meta = readMeta(executor);
  return { sequence: meta.audit_sequence, hash: meta.audit_head };
}

/** Counts one change and notes what it changed. Inside a transaction. Answers the new revision. */
export function noteChange(executor: Executor, kind: ChangeTable['kind'], id: string): number {
  return noteChanges(executor, kind, [id])[0] ?? 0;
}

/** As `noteChange` for many, at least one; a revision each, in their order. */
export function noteChanges(executor: Executor, kind: ChangeTable['kind'], ids: readonly string[]): number[] {
  const bump = db
    .updateTable('meta')
    .set((meta) => ({ revision: meta('revision', '+', ids.length) }))
    .where('id', '=', META_ID)
    .returning('revision');
  const last = executor.get(bump)?.revision;
  if (last === undefined) throw new Error('The store has no meta row.');
  const rows = ids.map((id, index) => ({ revision: last - ids.length + 1 + index, kind, id }));
  executor.run(db.insertInto('changes').values(rows));
  return rows.map(({ revision }) => revision);
}

/** Adds a row to the audit chain. Inside the transaction of the change it tells of: without the row there is no change. */
export function noteAct(executor: Executor, act: AuditAct): void {
  noteActs(executor, [act]);
}

/** As `noteAct` for many, at least one, in their order. */
export function noteActs(executor: Executor, acts: readonly AuditAct[]): void {
  let head = auditHead(executor);
  const rows = acts.map((act) => {
    const { requestId, ...row } = nextRow(head, act);
    head = row;
    return { ...row, request_id: requestId } satisfies AuditTable;
  });
  executor.run(db.insertInto('audit').values(rows));
  executor.run(
    db.updateTable('meta').set({ audit_sequence: head.sequence, audit_head: head.hash }).where('id', '=', META_ID),
  );
}
