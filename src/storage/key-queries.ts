import { sql, type Compilable } from 'kysely';
import type { KeyPosition, StoredFilter, StoredTarget } from '../keys/stored-key.js';
import type { KeyRow } from './key-rows.js';
import { sqliteQueries as db } from './schema.js';

/** Walks up or down at most this far; no chain is longer, and a cycle must not hang. */
const DEEPEST = 64;

function selectKeys() {
  return db
    .selectFrom('keys')
    .selectAll('keys')
    .select((expression) =>
      expression
        .selectFrom('secrets')
        .select('secrets.expires_at')
        .whereRef('secrets.key_id', '=', 'keys.id')
        .where('secrets.slot', '=', 'previous')
        .as('previous_expires_at'),
    );
}

export function keyById(id: string): Compilable<KeyRow> {
  return selectKeys().where('id', '=', id);
}

export function keysByIds(ids: readonly string[]): Compilable<KeyRow> {
  return selectKeys()
    .where(sql<boolean>`id in (select value from json_each(${JSON.stringify(ids)}))`)
    .orderBy('created_at')
    .orderBy('id');
}

/** Oldest first, after a position, narrowed by the filter. */
export function pageOfKeys(
  filter: StoredFilter,
  page: { after: KeyPosition | null; limit: number },
): Compilable<KeyRow> {
  let query = selectKeys().orderBy('created_at').orderBy('id').limit(page.limit);
  if (filter.owner !== undefined) query = query.where('owner', '=', filter.owner);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.parentId !== undefined) query = query.where('parent_id', '=', filter.parentId);
  if (filter.label !== undefined) query = query.where(hasLabel(filter.label));
  if (filter.expiring !== undefined)
    query = query.where('expires_at', '>=', filter.expiring.from).where('expires_at', '<', filter.expiring.to);
  if (filter.search !== undefined) query = query.where(contains(filter.search));
  if (page.after !== null)
    query = query.where(sql<boolean>`(created_at, id) > (${page.after.createdAt}, ${page.after.id})`);
  return query;
}

function hasLabel(label: { name: string; value: string }): ReturnType<typeof sql<boolean>> {
  return sql<boolean>`case when json_valid(labels)
    then exists (select 1 from json_each(labels) as label where label.key = ${label.name} and label.value = ${label.value}) else false end`;
}

function contains(text: string): ReturnType<typeof sql<boolean>> {
  const lower = text.toLowerCase();
  return sql<boolean>`(instr(lower(name), ${lower}) > 0 or instr(lower(ifnull(owner, '')), ${lower}) > 0 or instr(id, ${text}) > 0)`;
}

/** Ids the target names itself, descendants not included. */
export function idsOfTarget(target: StoredTarget): Compilable<{ id: string }> {
  if ('digest' in target) return db.selectFrom('secrets').select('key_id as id').where('digest', '=', target.digest);
  const keys = db.selectFrom('keys').select('id');
  if ('owner' in target) return keys.where('owner', '=', target.owner);
  if ('label' in target) return keys.where(hasLabel(target.label));
  return keys.where(sql<boolean>`id in (select value from json_each(${JSON.stringify(target.ids)}))`);
}

/** The named keys and everything derived from them, with what a revocation must know. */
export function familyOf(ids: readonly string[]): Compilable<{ id: string; state: string }> {
  return selection<{ id: string; state: string }>(sql`
    with recursive family(id) as (
      select value from json_each(${JSON.stringify(ids)})
      union select keys.id from keys join family on keys.parent_id = family.id
    ) select keys.id, keys.state from keys join family on keys.id = family.id order by keys.created_at, keys.id`);
}

/** The key itself and its ancestors, nearest first. */
export function ancestryOf(
  id: string,
): Compilable<{ id: string; state: string; expires_at: number | null; revision: number }> {
  return selection(sql`
    with recursive ancestry(id, parent_id, depth) as (
      select id, parent_id, 0 from keys where id = ${id}
      union all select keys.id, keys.parent_id, depth + 1 from keys join ancestry on keys.id = ancestry.parent_id where depth < ${DEEPEST}
    ) select keys.id, keys.state, keys.expires_at, keys.revision from ancestry join keys on keys.id = ancestry.id order by depth`);
}

/** Which of these keys the database does not show as revoked. */
export function aliveAmong(ids: readonly string[]): Compilable<{ id: string }> {
  return db
    .selectFrom('keys')
    .select('id')
    .where(sql<boolean>`id in (select value from json_each(${JSON.stringify(ids)}))`)
    .where('state', 'is distinct from', 'revoked');
}

/** Every owner that a key names or that was changed, with the ids of its keys as JSON. */
export function owners(
  name: string | null,
): Compilable<{ name: string; disabled: number; limits: string; ids: string }> {
  const only = name === null ? sql`1 = 1` : sql`names.name = ${name}`;
  return selection(sql`
    select names.name, ifnull((select disabled from owners where owners.name = names.name), 0) as disabled,
      ifnull((select limits from owners where owners.name = names.name), '{}') as limits,
      (select json_group_array(id) from keys where keys.owner = names.name) as ids
    from (select distinct owner as name from keys where owner is not null union select name from owners) as names
    where ${only} order by names.name`);
}

/** What memory needs of one key. Plain SQL, for a statement that is prepared once. */
export const SELECT_DIGESTS = `
  select keys.id, owner, scopes, models, allow_ips, limits, attributes, state, keys.expires_at, parent_id, imported,
    current.digest as digest, current.verifier as verifier, previous.digest as previous_digest, previous.expires_at as previous_expires_at
  from keys
    left join secrets as current on current.key_id = keys.id and current.slot = 'current'
    left join secrets as previous on previous.key_id = keys.id and previous.slot = 'previous'
  where keys.id = ?`;

function selection<Row>(statement: ReturnType<typeof sql>): Compilable<Row> {
  return { compile: () => statement.compile(db) as ReturnType<Compilable<Row>['compile']> };
}
