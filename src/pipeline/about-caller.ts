import type { Caller } from '../core/caller.js';

/** Headers that tell a model server who calls. Values are percent-encoded where they would not fit a header. */
export function aboutCaller(caller: Caller): string[] {
  const scopes = caller.bounds[0]?.scopes ?? [];
  const headers = ['x-keyporter-key-id', encoded(caller.id), 'x-keyporter-scopes', scopes.join(' ')];
  headers.push('x-keyporter-principal', encoded(principalOf(caller)), ...attributesOf(caller));
  if (caller.owner !== null) headers.push('x-keyporter-owner', encoded(caller.owner));
  return headers;
}

/** Of a caller somebody else vouches for, his name there; of a key, its owner. */
function principalOf({ id, kind, owner }: Caller): string {
  return kind === 'delegate' ? id.slice(id.indexOf(':') + 1) : (owner ?? id);
}

const LONGEST_ATTRIBUTES = 4096;

/** A JSON object in ASCII, as OGX reads it. Left out when no header could hold it. */
function attributesOf({ attributes }: Caller): string[] {
  const text = JSON.stringify(attributes).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > LONGEST_ATTRIBUTES ? [] : ['x-keyporter-attributes', text];
}

/** As a header can carry it. */
export function encoded(value: string): string {
  return /^[\x20-\x24\x26-\x7e]*$/.test(value) ? value : encodeURIComponent(value);
}
