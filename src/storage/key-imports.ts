import type { ImportOutcome } from '../keys/key.js';
import type { ImportKey } from '../keys/key-store.js';
import type { ChangeContext } from '../keys/stored-key.js';
import { actOf, shown } from './key-changes.js';
import { freshRow } from './key-rows.js';
import { noteActs, noteChanges } from './meta-queries.js';
import { sqliteQueries as db } from './schema.js';
import type { Executor } from './sqlite/executor.js';

/** Keys in one statement; SQLite binds at most 32,766 values. */
const AT_ONCE = 250;

/** Inserts keys of another system; a secret that is there already stays with its key, whatever state that has. Inside a transaction. */
export function insertImported(
  executor: Executor,
  keys: readonly ImportKey[],
  context: ChangeContext,
): ImportOutcome[] {
  const outcomes: ImportOutcome[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE)
    outcomes.push(...insertSome(executor, keys.slice(from, from + AT_ONCE), context));
  return outcomes;
}

function insertSome(executor: Executor, keys: readonly ImportKey[], context: ChangeContext): ImportOutcome[] {
  const holders = holdersOf(executor, keys);
  const fresh: ImportKey[] = [];
  const outcomes = keys.map((key) => {
    const name = hexOf(key.digest);
    const holder = holders.get(name);
    if (holder !== undefined) return { id: holder, known: true };
    holders.set(name, key.id);
    fresh.push(key);
    return { id: key.id, known: false };
  });
  if (fresh.length > 0) insertFresh(executor, fresh, context);
  return outcomes;
}

function insertFresh(executor: Executor, keys: readonly ImportKey[], context: ChangeContext): void {
  const { at, actor } = context;
  const revisions = noteChanges(
    executor,
    'key',
    keys.map(({ id }) => id),
  );
  const rows = keys.map((key, index) => {
    const row = freshRow({ ...key, parentId: null }, { at, by: actor.id, revision: revisions[index] ?? 0 });
    const state = key.disabled ? { state: 'disabled', disabled_at: at } : {};
    return { ...row, ...state, imported: 1, created_at: key.createdAt ?? at };
  });
  const secrets = keys.map(({ id, digest, verifier }) => ({
    key_id: id,
    slot: 'current',
    digest,
    verifier,
    created_at: at,
    expires_at: null,
  }));
  executor.run(db.insertInto('keys').values(rows));
  executor.run(db.insertInto('secrets').values(secrets));
  const acts = keys.map((key) => {
    const details = { after: shown(key), disabled: key.disabled, verifier: key.verifier };
    return { ...actOf(context), action: 'key.import', target: `key:${key.id}`, details };
  });
  noteActs(executor, acts);
}

/** Whose these secrets are already, by their digest. */
function holdersOf(executor: Executor, keys: readonly ImportKey[]): Map<string, string> {
  const digests = keys.map(({ digest }) => digest);
  const rows = executor.all(db.selectFrom('secrets').select(['digest', 'key_id']).where('digest', 'in', digests));
  return new Map(rows.map((row) => [hexOf(row.digest), row.key_id]));
}

function hexOf(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex');
}
