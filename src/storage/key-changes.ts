import { Refusal } from '../core/errors.js';
import { STALE, type InsertKey, type RotateKey, type UpdateKey } from '../keys/key-store.js';
import type { ChangeContext, KeySettings, StoredKey } from '../keys/stored-key.js';
import { ancestryOf, keyById } from './key-queries.js';
import { freshRow, settingColumns, storedKey } from './key-rows.js';
import { noteAct, noteChange, readMeta } from './meta-queries.js';
import { sqliteQueries as db, type KeyTable } from './schema.js';
import type { Executor } from './sqlite/executor.js';

/** Memory counts a chain of more ancestors as dead. */
const MOST_ANCESTORS = 8;

/** Inserts a key, or answers why the plan does not fit the present state. Inside a transaction. */
export function insertKey(
  executor: Executor,
  request: InsertKey,
  context: ChangeContext,
): StoredKey | typeof STALE | null {
  const { key, parentRevision, onlyAsFirst } = request;
  if (onlyAsFirst && readMeta(executor).first_key_at !== null) return null;
  if (key.parentId !== null && !isUsableParent(executor, key.parentId, { revision: parentRevision, at: context.at }))
    return STALE;
  if (onlyAsFirst) executor.run(db.updateTable('meta').set({ first_key_at: context.at }));
  const revision = noteChange(executor, 'key', key.id);
  executor.run(db.insertInto('keys').values(freshRow(key, { at: context.at, by: context.actor.id, revision })));
  insertSecret(executor, { id: key.id, digest: key.digest, at: context.at });
  const action = key.parentId === null ? 'key.create' : 'key.derive';
  const details = { after: shown(key), parent: key.parentId, ...(onlyAsFirst ? { first_key: true } : {}) };
  audit(executor, context, { action, id: key.id, details });
  return required(executor, key.id);
}

/** Writes new settings over a key. Inside a transaction. */
export function updateKey(executor: Executor, request: UpdateKey, context: ChangeContext): StoredKey | typeof STALE {
  const before = required(executor, request.id);
  refuseRevoked(before);
  if (before.revision !== request.revision) return STALE;
  if (before.parentId !== null && revisionOf(executor, before.parentId) !== request.parentRevision) return STALE;
  write(executor, { id: request.id, columns: settingColumns(request.settings) }, context);
  audit(executor, context, { action: 'key.update', id: request.id, details: differences(before, request.settings) });
  return required(executor, request.id);
}

/** Gives a key a new secret; the present one stays as the previous one or goes at once. Inside a transaction. */
export function rotateKey(executor: Executor, request: RotateKey, context: ChangeContext): StoredKey {
  const { id, digest, previousExpiresAt } = request;
  refuseRevoked(required(executor, id));
  if (executor.all(ancestryOf(id)).some((key) => isOver(key.expires_at, context.at))) {
    throw new Refusal('conflict', {
      message: 'The key has expired. Give it a new expires_at first, or make a new key.',
    });
  }
  executor.run(db.deleteFrom('secrets').where('key_id', '=', id).where('slot', '=', 'previous'));
  const current = db.updateTable('secrets').where('key_id', '=', id).where('slot', '=', 'current');
  if (previousExpiresAt === null) executor.run(db.deleteFrom('secrets').where('key_id', '=', id));
  else executor.run(current.set({ slot: 'previous', expires_at: previousExpiresAt }));
  insertSecret(executor, { id, digest, at: context.at });
  write(executor, { id, columns: { rotated_at: context.at } }, context);
  audit(executor, context, { action: 'key.rotate', id, details: { previous_expires_at: previousExpiresAt } });
  return required(executor, id);
}

/** Switches a key off or on. Inside a transaction. */
export function setKeyDisabled(
  executor: Executor,
  request: { id: string; disabled: boolean },
  context: ChangeContext,
): StoredKey {
  const { id, disabled } = request;
  const before = required(executor, id);
  refuseRevoked(before);
  const wasDisabled = before.state === 'disabled';
  if (wasDisabled !== disabled) {
    const state = disabled ? 'disabled' : 'active';
    write(executor, { id, columns: { state, disabled_at: disabled ? context.at : null } }, context);
  }
  audit(executor, context, { action: disabled ? 'key.disable' : 'key.enable', id, details: { before: before.state } });
  return required(executor, id);
}

/** Ends one key for good; nothing happens to one that is revoked already or gone. Inside a transaction. */
export function revokeKey(
  executor: Executor,
  revocation: { id: string; reason: string | null },
  context: ChangeContext,
): void {
  const { id, reason } = revocation;
  const state = executor.get(db.selectFrom('keys').select('state').where('id', '=', id))?.state;
  if (state === undefined || state === 'revoked') return;
  write(executor, { id, columns: { state: 'revoked', revoked_at: context.at, revoke_reason: reason } }, context);
  audit(executor, context, { action: 'key.revoke', id, details: { reason, before: state } });
}

/** The key, or a `not_found` refusal. */
function required(executor: Executor, id: string): StoredKey {
  const row = executor.get(keyById(id));
  if (row === undefined) throw new Refusal('not_found');
  try {
    return storedKey(row);
  } catch (cause) {
    const message = 'The record of this key is damaged. Revoke it and make a new one.';
    throw new Refusal('conflict', { message, reason: String(cause), cause });
  }
}

function refuseRevoked(key: StoredKey): void {
  if (key.state !== 'revoked') return;
  throw new Refusal('conflict', { message: 'The key is revoked, and that is final. Make a new key.' });
}

/** False when the parent has changed since its rights were compared. Throws `conflict` when nothing may be derived from it. */
function isUsableParent(executor: Executor, id: string, seen: { revision: number | null; at: number }): boolean {
  const chain = executor.all(ancestryOf(id));
  if (chain[0] === undefined) throw new Refusal('not_found');
  if (chain[0].revision !== seen.revision) return false;
  if (chain.some((key) => key.state !== 'active' || isOver(key.expires_at, seen.at))) {
    throw new Refusal('conflict', {
      message: 'The parent key, or a key above it, is disabled, revoked or expired; nothing can be derived from it.',
    });
  }
  if (chain.length > MOST_ANCESTORS) {
    throw new Refusal('conflict', {
      message: `Keys can be derived ${MOST_ANCESTORS} levels deep. Derive from a key higher up.`,
    });
  }
  return true;
}

function isOver(expiresAt: number | null, at: number): boolean {
  return expiresAt !== null && expiresAt <= at;
}

function revisionOf(executor: Executor, id: string): number | null {
  return executor.get(db.selectFrom('keys').select('revision').where('id', '=', id))?.revision ?? null;
}

/** Changes a row and notes the change. The caller has seen that the key is not revoked, in the same transaction. */
function write(executor: Executor, change: { id: string; columns: Partial<KeyTable> }, context: ChangeContext): void {
  const { id, columns } = change;
  const revision = noteChange(executor, 'key', id);
  executor.run(
    db
      .updateTable('keys')
      .set({ ...columns, updated_at: context.at, revision })
      .where('id', '=', id),
  );
}

function insertSecret(executor: Executor, secret: { id: string; digest: Uint8Array; at: number }): void {
  const row = {
    key_id: secret.id,
    slot: 'current',
    digest: secret.digest,
    verifier: 'sha256',
    created_at: secret.at,
    expires_at: null,
  };
  executor.run(db.insertInto('secrets').values(row));
}

function audit(
  executor: Executor,
  context: ChangeContext,
  act: { action: string; id: string; details: unknown },
): void {
  noteAct(executor, { ...actOf(context), action: act.action, target: `key:${act.id}`, details: act.details });
}

/** Who did it and when, as the audit chain has it. */
export function actOf(context: ChangeContext): {
  at: number;
  actor: string;
  address: string | null;
  requestId: string | null;
  result: string;
} {
  const { actor, at } = context;
  return { at, actor: actor.id, address: actor.address, requestId: actor.requestId, result: 'done' };
}

/** Settings under their outside names. */
export function shown(settings: KeySettings): Record<string, unknown> {
  const { name, owner, scopes, models, allowIps, limits, attributes, labels, expiresAt } = settings;
  return { name, owner, scopes, models, allow_ips: allowIps, limits, attributes, labels, expires_at: expiresAt };
}

function differences(before: KeySettings, after: KeySettings): { before: object; after: object } {
  const [old, fresh] = [shown(before), shown(after)];
  const changed = Object.keys(fresh).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(fresh[name]));
  const pick = (from: Record<string, unknown>): object => Object.fromEntries(changed.map((name) => [name, from[name]]));
  return { before: pick(old), after: pick(fresh) };
}
