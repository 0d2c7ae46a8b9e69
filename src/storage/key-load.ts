import type { DigestRow } from './key-rows.js';
import type { SqliteDatabase } from './sqlite/driver.js';

/** Keys read by one statement. Small enough that a chunk is a few hundred kilobytes. */
const CHUNK = 1000;

/** JSON takes no bytes. Where they stand in the place of text the record is unreadable, not the whole chunk: no column may be empty text. */
function text(column: string): string {
  return `iif(typeof(${column}) = 'blob', '', ${column})`;
}

function hexadecimal(column: string): string {
  return `iif(typeof(${column}) = 'blob', hex(${column}), NULL)`;
}

/**
 * Rows leave SQLite as one JSON text a chunk: handing over each value by itself costs three times as much,
 * and a start has to be quick.
 */
const SELECT_CHUNK = `
  select max(place) as place, json_group_array(json_array(${[
    text('chunk.id'),
    ...['owner', 'scopes', 'models', 'allow_ips', 'limits', 'attributes', 'state'].map(text),
    text('chunk.expires_at'),
    text('parent_id'),
    text('imported'),
    hexadecimal('current.digest'),
    text('current.verifier'),
    hexadecimal('previous.digest'),
    text('previous.expires_at'),
  ].join(', ')})) as keys
  from (select rowid as place, * from keys where rowid > ? order by rowid limit ${CHUNK}) as chunk
    left join secrets as current on current.key_id = chunk.id and current.slot = 'current'
    left join secrets as previous on previous.key_id = chunk.id and previous.slot = 'previous'`;

type Text = string | null;
type Entry = [
  string,
  Text,
  string,
  string,
  string,
  string,
  string,
  string,
  number | null,
  Text,
  number,
  Text,
  Text,
  Text,
  number | null,
];

/** All keys as memory needs them, unchecked. Nothing else may use the database while this is walked. */
export function* everyKey(database: SqliteDatabase): Generator<DigestRow> {
  const chunk = database.prepare(SELECT_CHUNK);
  for (let after: number | null = -1; after !== null;) {
    const found = chunk.get(after);
    for (const entry of JSON.parse(String(found?.['keys'] ?? '[]')) as Entry[]) yield digestRow(entry);
    after = typeof found?.['place'] === 'number' ? found['place'] : null;
  }
}

function digestRow(entry: Entry): DigestRow {
  const [
    id,
    owner,
    scopes,
    models,
    allow_ips,
    limits,
    attributes,
    state,
    expires_at,
    parent_id,
    imported,
    digest,
    verifier,
    previous,
    previous_expires_at,
  ] = entry;
  const policy = { owner, scopes, models, allow_ips, limits, attributes };
  return {
    id,
    ...policy,
    state,
    expires_at,
    parent_id,
    imported,
    digest: bytes(digest),
    verifier,
    previous_digest: bytes(previous),
    previous_expires_at,
  };
}

function bytes(hex: string | null): Uint8Array | null {
  return hex === null ? null : Buffer.from(hex, 'hex');
}
