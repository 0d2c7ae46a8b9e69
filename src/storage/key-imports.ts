import type { ImportOutcome } from '../keys/key.js';
import type { ImportKey } from '../keys/key-store.js';
import type { ChangeContext } from '../keys/stored-key.js';
import { audit, insertSecret, shown } from './key-changes.js';
import { idsOfTarget } from './key-queries.js';
import { freshRow } from './key-rows.js';
import { noteChange } from './meta-queries.js';
import { sqliteQueries as db } from './schema.js';
import type { Executor } from './sqlite/executor.js';

/** Inserts keys of another system; a secret that is there already stays with its key, whatever state that has. Inside a transaction. */
export function insertImported(
  executor: Executor,
  keys: readonly ImportKey[],
  context: ChangeContext,
): ImportOutcome[] {
  return keys.map((key) => {
    const holder = executor.get(idsOfTarget({ digest: key.digest }))?.id;
    if (holder !== undefined) return { id: holder, known: true };
    insertOne(executor, key, context);
    return { id: key.id, known: false };
  });
}

function insertOne(executor: Executor, key: ImportKey, context: ChangeContext): void {
  const { id, digest, verifier, disabled, createdAt } = key;
  const revision = noteChange(executor, 'key', id);
  const row = freshRow({ ...key, parentId: null }, { at: context.at, by: context.actor.id, revision });
  const state = disabled ? { state: 'disabled', disabled_at: context.at } : {};
  executor.run(db.insertInto('keys').values({ ...row, ...state, imported: 1, created_at: createdAt ?? context.at }));
  insertSecret(executor, { id, digest, verifier, at: context.at });
  audit(executor, context, { action: 'key.import', id, details: { after: shown(key), disabled, verifier } });
}
