import { Refusal } from '../core/errors.js';
import type { KeyRecord } from '../keys/key.js';
import { isNothing } from './step-authkeys-gate.js';

/** Where a token keeps its scope and its expiry as they were written by whoever made it. */
export const SCOPE_LABEL = 'authkeys_scope';
export const EXPIRY_LABEL = 'authkeys_expired_at';

/** What each word of the contract grants here. */
const GRANTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['infer', ['infer']],
  ['write', ['keys:read', 'keys:write']],
  ['revoke', ['keys:revoke']],
]);

/** Of a label, which keeps the scope as it was written. */
const LONGEST_SCOPE = 256;

/** A time beyond this was not meant as seconds: the end of the year 9999. */
const LATEST_SECOND = 253_402_300_798;

/** The scopes a scope text of the contract means. Throws 400 with the first word it does not know. */
export function scopesOf(text: unknown): { written: string; scopes: string[] } {
  if (typeof text !== 'string' || text === '')
    throw new Refusal('invalid_value', { message: 'Scope is required', param: 'scope' });
  if (text.length > LONGEST_SCOPE)
    throw new Refusal('invalid_value', {
      message: `scope must have at most ${LONGEST_SCOPE} characters`,
      param: 'scope',
    });
  const scopes = text.split(':').flatMap((word) => {
    const granted = GRANTS.get(word);
    if (granted === undefined)
      throw new Refusal('invalid_value', { message: `Invalid scope: ${word}`, param: 'scope' });
    return granted;
  });
  return { written: text, scopes: [...new Set(scopes)] };
}

/** The scope text of a key: as it was written, else what its scopes come to in the words of the contract. */
export function writtenScope({ labels, scopes }: Pick<KeyRecord, 'labels' | 'scopes'>): string {
  const written = labels[SCOPE_LABEL];
  if (written !== undefined) return written;
  const holds = (needed: string): boolean =>
    scopes.some((held) => held === 'admin' || held === needed || needed.startsWith(`${held}:`));
  return [...GRANTS].flatMap(([word, granted]) => (granted.every(holds) ? [word] : [])).join(':');
}

/** What `expired_at` asks for. */
interface AskedExpiry {
  /** Our end, exclusive Unix seconds; null = never; undefined = the usual one. */
  expiresAt: number | null | undefined;
  /** It has passed already. */
  past: boolean;
  /** Kept so that it can be told again, where the end alone does not say it. */
  written: string | null;
}

/** Reads `expired_at`, whose last second still counts. Throws 400 for anything but whole seconds, and for a past one unless that is accepted. */
export function expiryOf(value: unknown, nowSeconds: number, acceptPast: boolean): AskedExpiry {
  if (value === undefined) return { expiresAt: undefined, past: false, written: null };
  if (value === null) return { expiresAt: null, past: false, written: null };
  if (value === 0 || value === '' || value === false)
    return { expiresAt: null, past: false, written: JSON.stringify(value) };
  const seconds = typeof value === 'string' && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds) || seconds > LATEST_SECOND) {
    throw new Refusal('invalid_value', {
      message: 'expired_at must be whole Unix seconds, or null for a token that never expires',
      param: 'expired_at',
    });
  }
  if (seconds >= nowSeconds) return { expiresAt: seconds + 1, past: false, written: null };
  if (!acceptPast)
    throw new Refusal('invalid_value', { message: 'expired_at must not lie in the past', param: 'expired_at' });
  // The store makes no key that is over: this one ends in a moment, and is switched off until then.
  return { expiresAt: nowSeconds + 2, past: true, written: JSON.stringify(seconds) };
}

/** `expired_at` of a key, for listings. */
export function writtenExpiry({ labels, expiresAt }: Pick<KeyRecord, 'labels' | 'expiresAt'>): unknown {
  const written = labels[EXPIRY_LABEL];
  if (written !== undefined) return readWritten(written);
  return expiresAt === null ? null : expiresAt - 1;
}

/** Labels can be changed by administrators: what is no JSON is nothing. */
function readWritten(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** How a token is shown: its id, never its secret. */
export function maskedToken(id: string): string {
  return `kp_${id}_********`;
}

/** The id in a masked token; null for any other text. */
export function idInMask(text: string): string | null {
  return /^kp_([A-Za-z0-9]+)_\*+$/.exec(text)?.[1] ?? null;
}

/** The token a revocation names; null when it names none. */
export function targetOf(value: unknown): string | null {
  if (isNothing(value)) return null;
  return typeof value === 'string' ? value : '';
}
