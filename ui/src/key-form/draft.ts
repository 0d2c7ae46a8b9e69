import type { KeyBody, KeyChangeBody, NewKeyBody } from '../api/keys.js';
import { nowSeconds } from '../clock.js';
import { shellWord } from '../parts/cli-twin.js';
import type { LimitKey } from './limit-words.js';

/** When a key ends: as it is or as the configuration says, never, after so many days, or on a day. */
export type Expiry =
  | { kind: 'usual' }
  | { kind: 'never' }
  | { kind: 'days'; days: number }
  | { kind: 'on'; day: string };

/** What a form about a key holds. */
export interface KeyDraft {
  name: string;
  owner: string;
  scopes: readonly string[];
  models: readonly string[];
  allowIps: readonly string[];
  expiry: Expiry;
  limits: readonly DraftLimit[];
  /** `name=value` each. */
  labels: readonly string[];
}

export interface DraftLimit {
  name: LimitKey;
  /** Null while nothing is typed. */
  value: number | null;
}

export const EMPTY_DRAFT: KeyDraft = {
  name: '',
  owner: '',
  scopes: ['infer'],
  models: [],
  allowIps: [],
  expiry: { kind: 'usual' },
  limits: [],
  labels: [],
};

/** The draft of a key that exists, to change it or to derive from it. */
export function draftOf(key: KeyBody): KeyDraft {
  return {
    name: key.name,
    owner: key.owner ?? '',
    scopes: key.scopes,
    models: key.models,
    allowIps: key.allow_ips,
    expiry: { kind: 'usual' },
    limits: Object.entries(key.limits).flatMap(([name, value]) =>
      typeof value === 'number' ? [{ name: name as LimitKey, value }] : [],
    ),
    labels: Object.entries(key.labels).map(([name, value]) => `${name}=${value}`),
  };
}

/** What is wrong with a draft, in a sentence; null = it can be sent. */
export function faultOf(draft: KeyDraft): string | null {
  if (draft.name.trim() === '') return 'Give the key a name.';
  if (draft.scopes.length === 0) return 'Choose at least one scope.';
  if (draft.limits.some(({ value }) => value === null)) return 'Give every limit a number, or remove it.';
  if (draft.labels.some((label) => !/^[^=]+=/.test(label))) return 'Write labels as name=value.';
  if (draft.expiry.kind === 'on' && secondsOf(draft.expiry) === null) return 'Choose the day on which the key ends.';
  return null;
}

const DAY_SECONDS = 86_400;

/** When the key ends in Unix seconds; undefined = not said. */
function expiresAt(expiry: Expiry): number | null | undefined {
  if (expiry.kind === 'usual') return undefined;
  if (expiry.kind === 'never') return null;
  if (expiry.kind === 'days') return nowSeconds() + expiry.days * DAY_SECONDS;
  return secondsOf(expiry) ?? undefined;
}

function secondsOf({ day }: { day: string }): number | null {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

/** The body that makes a key of the draft. */
export function newKeyBody(draft: KeyDraft): NewKeyBody {
  const expires = expiresAt(draft.expiry);
  return {
    name: draft.name.trim(),
    ...(draft.owner.trim() === '' ? {} : { owner: draft.owner.trim() }),
    scopes: [...draft.scopes],
    models: [...draft.models],
    allow_ips: [...draft.allowIps],
    limits: limitsOf(draft),
    labels: labelsOf(draft),
    ...(expires === undefined ? {} : { expires_at: expires }),
  };
}

/** The members of `key` that the draft changes. A limit the form has no field for stays. */
export function changeBody(draft: KeyDraft, key: KeyBody): KeyChangeBody {
  const wanted = newKeyBody(draft);
  const kept = Object.fromEntries(Object.entries(key.limits).filter(([, value]) => typeof value !== 'number'));
  const whole: KeyChangeBody = { ...wanted, owner: wanted.owner ?? null, limits: { ...kept, ...wanted.limits } };
  const present = key as unknown as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(whole).filter(([name, value]) => sorted(value) !== sorted(present[name])),
  ) as KeyChangeBody;
}

/** Text that is the same for the same content, in whatever order it stands. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(String).sort((left, right) => (left < right ? -1 : 1)));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function limitsOf(draft: KeyDraft): NonNullable<NewKeyBody['limits']> {
  return Object.fromEntries(draft.limits.map(({ name, value }) => [name, value]));
}

function labelsOf(draft: KeyDraft): Record<string, string> {
  return Object.fromEntries(
    draft.labels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  );
}

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
      ['labels', change.labels !== undefined && Object.keys(change.labels).length === 0],
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
    ...Object.entries(change.labels ?? {}).map(([name, value]) => option('label', `${name}=${value}`)),
    ...cleared,
  ].join(' ');
}

function changedLimitOptions(change: KeyChangeBody, key: KeyBody): string[] {
  if (change.limits === undefined) return [];
  const before: Record<string, unknown> = key.limits;
  const after: Record<string, unknown> = change.limits;
  const set = Object.entries(after).filter(([name, value]) => before[name] !== value);
  const gone = Object.keys(before).filter((name) => !(name in after));
  return [
    ...set.map(([name, value]) => option('limit', `${name}=${String(value)}`)),
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
