import type { KeyBody, KeyChangeBody, NewKeyBody } from '../api/keys.js';
import { nowSeconds } from '../clock.js';
import type { LimitKey, Priority } from './limit-words.js';

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
  /** Null = as the configuration says. */
  priority: Priority | null;
  /** `name=value` each; a name may stand in several lines. */
  attributes: readonly string[];
  /** `name=value` each. */
  labels: readonly string[];
}

export interface DraftLimit {
  name: LimitKey;
  /** Null while nothing is typed; `none` = there is no such limit, whatever the configuration says. */
  value: number | 'none' | null;
}

export const EMPTY_DRAFT: KeyDraft = {
  name: '',
  owner: '',
  scopes: ['infer'],
  models: [],
  allowIps: [],
  expiry: { kind: 'usual' },
  limits: [],
  priority: null,
  attributes: [],
  labels: [],
};

/** The draft of a key that exists, to change it or to derive from it. */
export function draftOf(key: KeyBody): KeyDraft {
  const { priority = null, ...amounts } = key.limits;
  return {
    name: key.name,
    owner: key.owner ?? '',
    scopes: key.scopes,
    models: key.models,
    allowIps: key.allow_ips,
    expiry: { kind: 'usual' },
    limits: Object.entries(amounts).map(([name, value]) => ({ name: name as LimitKey, value: value ?? 'none' })),
    priority,
    attributes: Object.entries(key.attributes).flatMap(([name, values]) => values.map((value) => `${name}=${value}`)),
    labels: Object.entries(key.labels).map(([name, value]) => `${name}=${value}`),
  };
}

/** What is wrong with a draft, in a sentence; null = it can be sent. */
export function faultOf(draft: KeyDraft): string | null {
  if (draft.name.trim() === '') return 'Give the key a name.';
  if (draft.scopes.length === 0) return 'Choose at least one scope.';
  if (draft.limits.some(({ value }) => value === null)) return 'Give every limit a number, or remove it.';
  if (!draft.attributes.every(isPair)) return 'Write attributes as name=value.';
  if (!draft.labels.every(isPair)) return 'Write labels as name=value.';
  if (draft.expiry.kind === 'on' && secondsOf(draft.expiry) === null) return 'Choose the day on which the key ends.';
  return null;
}

function isPair(line: string): boolean {
  return /^[^=]+=/.test(line);
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
    attributes: attributesOf(draft),
    labels: Object.fromEntries(draft.labels.map(pairOf)),
    ...(expires === undefined ? {} : { expires_at: expires }),
  };
}

/** The members of `key` that the draft changes. What the form cannot hold stays as it is. */
export function changeBody(draft: KeyDraft, key: KeyBody): KeyChangeBody {
  const before: Record<string, unknown> = wholeChange(draftOf(key));
  return Object.fromEntries(
    Object.entries(wholeChange(draft)).filter(([name, value]) => sorted(value) !== sorted(before[name])),
  );
}

/** A change that leaves nothing out. */
function wholeChange(draft: KeyDraft): KeyChangeBody {
  const body = newKeyBody(draft);
  return { ...body, owner: body.owner ?? null };
}

/** Text that is the same for the same content, in whatever order it stands. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(String).sort((left, right) => (left < right ? -1 : 1)));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function limitsOf({ limits, priority }: KeyDraft): NonNullable<NewKeyBody['limits']> {
  const amounts = Object.fromEntries(limits.map(({ name, value }) => [name, value === 'none' ? null : value]));
  return { ...amounts, ...(priority === null ? {} : { priority }) };
}

function attributesOf({ attributes }: KeyDraft): Record<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [name, value] of attributes.map(pairOf)) lists.set(name, [...(lists.get(name) ?? []), value]);
  return Object.fromEntries(lists);
}

/** `name=value` in two; the value may hold further equals signs. */
function pairOf(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
