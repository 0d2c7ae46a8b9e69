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
  const bump = db
    .updateTable('meta')
    .set((meta) => ({ revision: meta('revision', '+', 1) }))
    .where('id', '=', META_ID)
    .returning('revision');
  const revision = executor.get(bump)?.revision;
  if (revision === undefined) throw new Error('The store has no meta row.');
  executor.run(db.insertInto('changes').values({ revision, kind, id }));
  return revision;
}

/** Adds a row to the audit chain. Inside the transaction of the change it tells of: without the row there is no change. */
export function noteAct(executor: Executor, act: AuditAct): void {
  const { requestId, ...row } = nextRow(auditHead(executor), act);
  executor.run(db.insertInto('audit').values({ ...row, request_id: requestId } satisfies AuditTable));
  executor.run(
    db.updateTable('meta').set({ audit_sequence: row.sequence, audit_head: row.hash }).where('id', '=', META_ID),
  );
}
