import type { Caller } from '../core/caller.js';

/** Headers that tell a model server who calls. Values are percent-encoded where they would not fit a header. */
export function aboutCaller(caller: Caller): string[] {
  const scopes = caller.bounds[0]?.scopes ?? [];
  const headers = ['x-keyporter-key-id', encoded(caller.id), 'x-keyporter-scopes', scopes.join(' ')];
  headers.push('x-keyporter-principal', encoded(caller.owner ?? caller.id));
  if (caller.owner !== null) headers.push('x-keyporter-owner', encoded(caller.owner));
  return headers;
}

/** As a header can carry it. */
export function encoded(value: string): string {
  return /^[\x21-\x7e ]*$/.test(value) ? value : encodeURIComponent(value);
}
