import type { AuditEntry, AuditVerdict } from '../admin/ports.js';
import type { AuditRow, ChainHead } from '../audit/chain.js';
import { ChainWalk } from '../audit/verification.js';
import { auditHead } from './meta-queries.js';
import { sqliteQueries as db, type AuditTable } from './schema.js';
import type { Executor } from './sqlite/executor.js';

const VERIFY_PAGE = 1000;

export interface AuditQuery {
  limit: number;
  /** Only rows before this one; null = from the newest. */
  before: number | null;
  action?: string;
  target?: string;
  actor?: string;
}

/** Newest first. */
export function listAudit(executor: Executor, query: AuditQuery): AuditEntry[] {
  let rows = db.selectFrom('audit').selectAll().orderBy('sequence', 'desc').limit(query.limit);
  if (query.before !== null) rows = rows.where('sequence', '<', query.before);
  if (query.action !== undefined) rows = rows.where('action', '=', query.action);
  if (query.target !== undefined) rows = rows.where('target', '=', query.target);
  if (query.actor !== undefined) rows = rows.where('actor', '=', query.actor);
  return executor.all(rows).map(entryOf);
}

/** Walks the chain in pages and lets other work go on between them. */
export async function verifyAudit(
  executor: Executor,
  outside: ChainHead | null,
  pause: () => Promise<void>,
): Promise<AuditVerdict> {
  const stored = auditHead(executor);
  const walk = new ChainWalk(outside);
  for (let after = 0; ; await pause()) {
    const rows = pageAfter(executor, { after, last: stored.sequence });
    const goesOn = walk.take(rows);
    after = rows.at(-1)?.sequence ?? after;
    if (!goesOn || rows.length < VERIFY_PAGE) break;
  }
  return walk.verdict(stored);
}

/** Rows written after the walk began are not part of it, rows with an impossible number are. */
function pageAfter(executor: Executor, range: { after: number; last: number }): AuditRow[] {
  const rows = db
    .selectFrom('audit')
    .selectAll()
    .where('sequence', '>', range.after)
    .orderBy('sequence')
    .limit(VERIFY_PAGE);
  return executor.all(rows.where('sequence', '<=', range.last)).map(rowOf);
}

function rowOf(row: AuditTable): AuditRow {
  const { request_id: requestId, ...rest } = row;
  return { ...rest, requestId };
}

function entryOf(row: AuditTable): AuditEntry {
  const { details, ...entry } = rowOf(row);
  return { ...entry, details: detailsIn(details) };
}

function detailsIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { unreadable: true };
  }
}
