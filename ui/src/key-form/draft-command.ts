import type { KeyBody, KeyChangeBody } from '../api/keys.js';
import { shellWord } from '../parts/cli-twin.js';
import { changeBody, type Expiry, type KeyDraft } from './draft.js';

/** The options of `keys create` and `keys derive` that say the same. */
export function newKeyOptions(draft: KeyDraft): string {
  return [
    option('name', draft.name.trim() || 'NAME'),
    ...(draft.owner.trim() === '' ? [] : [option('owner', draft.owner.trim())]),
    ...draft.scopes.map((scope) => option('scope', scope)),
    ...draft.models.map((model) => option('model', model)),
    ...draft.allowIps.map((range) => option('allow-ip', range)),
    ...expiryOptions(draft.expiry),
    ...draft.limits.map(({ name, value }) => option('limit', `${name}=${value ?? 'N'}`)),
    ...(draft.priority === null ? [] : [option('limit', `priority=${draft.priority}`)]),
    ...draft.attributes.map((attribute) => option('attribute', attribute)),
    ...draft.labels.map((label) => option('label', label)),
  ].join(' ');
}

/** The options of `keys update` that change `key` to what the draft says. */
export function changeOptions(draft: KeyDraft, key: KeyBody): string {
  const change = changeBody(draft, key);
  const cleared = (
    [
      ['owner', change.owner === null],
      ['models', change.models?.length === 0],
      ['allow-ips', change.allow_ips?.length === 0],
      ['attributes', isEmptied(change.attributes)],
      ['labels', isEmptied(change.labels)],
    ] as const
  ).flatMap(([member, empty]) => (empty ? [option('clear', member)] : []));
  return [
    ...(change.name === undefined ? [] : [option('name', change.name)]),
    ...(change.owner == null ? [] : [option('owner', change.owner)]),
    ...(change.scopes ?? []).map((scope) => option('scope', scope)),
    ...(change.models ?? []).map((model) => option('model', model)),
    ...(change.allow_ips ?? []).map((range) => option('allow-ip', range)),
    ...expiryOptions(draft.expiry),
    ...changedLimitOptions(change, key),
    ...(change.attributes === undefined ? [] : draft.attributes.map((attribute) => option('attribute', attribute))),
    ...Object.entries(change.labels ?? {}).map(([name, value]) => option('label', `${name}=${value}`)),
    ...cleared,
  ].join(' ');
}

function isEmptied(members: object | undefined): boolean {
  return members !== undefined && Object.keys(members).length === 0;
}

function changedLimitOptions(change: KeyChangeBody, key: KeyBody): string[] {
  if (change.limits === undefined) return [];
  const before: Record<string, number | string | null> = key.limits;
  const after: Record<string, number | string | null> = change.limits;
  const set = Object.entries(after).filter(([name, value]) => before[name] !== value);
  const gone = Object.keys(before).filter((name) => !(name in after));
  return [
    ...set.map(([name, value]) => option('limit', `${name}=${value ?? 'none'}`)),
    ...gone.map((name) => option('limit', `${name}=default`)),
  ];
}

function expiryOptions(expiry: Expiry): string[] {
  if (expiry.kind === 'usual') return [];
  if (expiry.kind === 'never') return ['--expires never'];
  return [option('expires', expiry.kind === 'days' ? `${expiry.days}d` : expiry.day || 'DAY')];
}

function option(name: string, value: string): string {
  return `--${name} ${shellWord(value)}`;
}
