import type { OwnerChange } from '../keys/key.js';
import type { ChangeContext } from '../keys/stored-key.js';
import { revokeKey } from './key-changes.js';
import { blockedCallers } from './blocked-callers.js';
import { noteAct, noteChange, readMeta } from './meta-queries.js';
import { requireReadable } from './migrate.js';
import { knownOwner, writeOwner } from './owner-changes.js';
import { sqliteQueries as db, type BlockedCallerTable } from './schema.js';
import { openSqlite, type SqliteDatabase } from './sqlite/driver.js';
import { createExecutor, type Executor } from './sqlite/executor.js';

/** What the store before the restore knows about each key. */
export interface PresentStore {
  /** All columns of a key and of its secrets as one text, so that any change shows. */
  rows: ReadonlyMap<string, string>;
  revoked: ReadonlySet<string>;
  /** Owners that are switched off or have limits. */
  owners: readonly (OwnerChange & { name: string })[];
  blockedCallers: readonly BlockedCallerTable[];
  revision: number;
  firstKeyAt: number | null;
  auditSequence: number;
  auditHead: string;
}

export interface CarryOver {
  present: PresentStore | null;
  /** Ids in the list of revocations. */
  revoked: readonly string[];
  keptAside: string | null;
  context: ChangeContext;
}

/** The present store, or null when it cannot be read: a damaged store is why people restore. */
export function readPresent(path: string): PresentStore | null {
  try {
    const database = openSqlite(path, { file: 'existing', readOnly: true });
    try {
      requireReadable(database);
      return presentOf(createExecutor(database));
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

function presentOf(executor: Executor): PresentStore {
  const meta = readMeta(executor);
  const revoked = executor.all(db.selectFrom('keys').select('id').where('state', '=', 'revoked'));
  return {
    rows: fingerprints(executor),
    revoked: new Set(revoked.map((key) => key.id)),
    owners: ownersOf(executor, meta.schema_version),
    blockedCallers: meta.schema_version < WITH_CALLERS ? [] : executor.all(blockedCallers()),
    revision: meta.revision,
    firstKeyAt: meta.first_key_at,
    auditSequence: meta.audit_sequence,
    auditHead: meta.audit_head,
  };
}

/** Brings what must outlive a restore into the restored store. Inside a transaction. */
export function carryOver(
  database: SqliteDatabase,
  what: CarryOver,
): { restored: number; disabled: string[]; revoked: string[]; missing: string[] } {
  const { present, context } = what;
  const executor = createExecutor(database);
  const before = fingerprints(executor);
  raiseCounters(executor, present);
  const revoked = revokeAgain(executor, what);
  const changed =
    present === null
      ? []
      : [...before.keys()].filter((id) => present.rows.has(id) && present.rows.get(id) !== before.get(id));
  const disabled = changed.filter((id) => disableKey(executor, id, context));
  for (const owner of present?.owners ?? []) writeOwner(executor, owner, context.at);
  blockAgain(executor, present?.blockedCallers ?? []);
  const missing = present === null ? [] : [...present.rows.keys()].filter((id) => !before.has(id));
  const head = present === null ? null : { sequence: present.auditSequence, hash: present.auditHead };
  const details = {
    kept_aside: what.keptAside,
    audit_before: head,
    keys: before.size,
    disabled,
    revoked,
    missing,
    compared: present !== null,
  };
  note(executor, context, { action: 'store.restore', target: 'store', details });
  return { restored: before.size, disabled, revoked, missing };
}

/** Revisions never go back, and the first key is made once in the life of an installation. */
function raiseCounters(executor: Executor, present: PresentStore | null): void {
  if (present === null) return;
  const meta = readMeta(executor);
  const revision = Math.max(meta.revision, present.revision);
  executor.run(db.updateTable('meta').set({ revision, first_key_at: meta.first_key_at ?? present.firstKeyAt }));
}

function revokeAgain(executor: Executor, what: CarryOver): string[] {
  const alive = executor.all(db.selectFrom('keys').select('id').where('state', 'is distinct from', 'revoked'));
  const listed = new Set([...what.revoked, ...(what.present?.revoked ?? [])]);
  const revoked = alive.map((key) => key.id).filter((id) => listed.has(id));
  for (const id of revoked) revokeKey(executor, { id, reason: 'revoked before a backup was restored' }, what.context);
  return revoked;
}

/** Answers whether the key was active or disabled, and is disabled now. */
function disableKey(executor: Executor, id: string, context: ChangeContext): boolean {
  const state = executor.get(db.selectFrom('keys').select('state').where('id', '=', id))?.state;
  if (state === 'revoked') return false;
  const revision = noteChange(executor, 'key', id);
  const columns = { state: 'disabled', disabled_at: context.at, updated_at: context.at, revision };
  executor.run(db.updateTable('keys').set(columns).where('id', '=', id));
  note(executor, context, {
    action: 'key.disable',
    target: `key:${id}`,
    details: { before: state, because: 'changed since the restored backup' },
  });
  return true;
}

/** Owners stay off, and keep the limits that were set last, whatever an older backup says. */
function ownersOf(executor: Executor, version: number): (OwnerChange & { name: string })[] {
  if (version < WITH_OWNER_LIMITS) {
    const off = executor.all(db.selectFrom('owners').select('name').where('disabled', '=', 1));
    return off.map(({ name }) => ({ name, disabled: true }));
  }
  return executor.all(db.selectFrom('owners').selectAll()).flatMap((row) => {
    const { disabled, limits } = knownOwner(row);
    const hasLimits = Object.keys(limits).length > 0;
    if (!disabled && !hasLimits) return [];
    return [{ name: row.name, ...(disabled ? { disabled } : {}), ...(hasLimits ? { limits } : {}) }];
  });
}

/** The first version of the store that knows limits of owners. */
const WITH_OWNER_LIMITS = 3;

/** The first version of the store that knows blocked callers. */
const WITH_CALLERS = 2;

function blockAgain(executor: Executor, callers: readonly BlockedCallerTable[]): void {
  for (const caller of callers) {
    noteChange(executor, 'caller', caller.id);
    executor.run(
      db
        .insertInto('blocked_callers')
        .values(caller)
        .onConflict((conflict) => conflict.doNothing()),
    );
  }
}

function note(
  executor: Executor,
  context: ChangeContext,
  act: { action: string; target: string; details: unknown },
): void {
  const { actor, at } = context;
  noteAct(executor, {
    at,
    actor: actor.id,
    address: actor.address,
    requestId: actor.requestId,
    result: 'done',
    ...act,
  });
}

function fingerprints(executor: Executor): Map<string, string> {
  const secrets = new Map<string, string[]>();
  for (const secret of executor.all(db.selectFrom('secrets').selectAll().orderBy('slot'))) {
    const known = secrets.get(secret.key_id) ?? [];
    secrets.set(secret.key_id, [
      ...known,
      `${secret.slot} ${Buffer.from(secret.digest).toString('hex')} ${secret.expires_at}`,
    ]);
  }
  const keys = executor.all(db.selectFrom('keys').selectAll());
  return new Map(keys.map((key) => [key.id, JSON.stringify([key, secrets.get(key.id) ?? []])]));
}
