import { limitFault } from '../core/limit-fault.js';
import type { LimitSettings } from '../core/limits.js';
import type { KeyPolicy, KeyState } from '../keys/key.js';
import type { PackRow } from '../keys/packed.js';
import type { FreshKey, KeySettings, StoredKey } from '../keys/stored-key.js';
import type { KeyTable } from './schema.js';

/** A key row with the end of its previous secret. */
export type KeyRow = KeyTable & { previous_expires_at: number | null };

/** What memory needs of a key. */
export type PolicyRow = Pick<KeyTable, 'owner' | 'scopes' | 'models' | 'allow_ips' | 'limits' | 'attributes'>;
export type DigestRow = PolicyRow &
  Pick<KeyTable, 'id' | 'state' | 'expires_at' | 'parent_id' | 'imported'> & {
    digest: Uint8Array | null;
    verifier: string | null;
    previous_digest: Uint8Array | null;
    previous_expires_at: number | null;
  };

/** A row that does not say what a key may do. That key is denied; the sentence goes to the log. */
export class BadRow extends Error {
  override readonly name = 'BadRow';
}

const STATES: ReadonlySet<string> = new Set<KeyState>(['active', 'disabled', 'revoked']);
const DIGEST_BYTES = 32;

/** The row as a key. Throws `BadRow` naming the column at fault. */
export function storedKey(row: KeyRow): StoredKey {
  return {
    ...policyOf(row),
    ...timesOf(row),
    id: textIn(row.id, 'id'),
    name: textIn(row.name, 'name'),
    labels: textsByName(row.labels, 'labels'),
    state: stateIn(row.state),
    imported: flagIn(row.imported, 'imported'),
    parentId: maybeText(row.parent_id, 'parent_id'),
    createdBy: textIn(row.created_by, 'created_by'),
    revokeReason: maybeText(row.revoke_reason, 'revoke_reason'),
    revision: secondsIn(row.revision, 'revision'),
  };
}

/** A damaged row as far as it can be shown, so that an administrator sees it and can revoke it. It grants nothing. */
export function salvagedKey(row: KeyRow, fault: string): StoredKey {
  const empty = {
    owner: null,
    scopes: '[]',
    models: '[]',
    allow_ips: '[]',
    limits: '{}',
    attributes: '{}',
    labels: '{}',
  };
  const never = {
    expires_at: null,
    disabled_at: null,
    revoked_at: null,
    rotated_at: null,
    previous_expires_at: null,
    revoke_reason: null,
  };
  const zero = { created_at: 0, updated_at: 0, revision: 0, created_by: 'unknown', parent_id: null, imported: 0 };
  const owner = typeof row.owner === 'string' ? row.owner : null;
  const state = row.state === 'revoked' ? 'revoked' : 'disabled';
  return storedKey({ ...empty, ...never, ...zero, id: String(row.id), name: `damaged record: ${fault}`, owner, state });
}

/** What memory holds of this row. Throws `BadRow`. */
export function packRow(row: DigestRow, policyOfRow: (row: PolicyRow) => KeyPolicy = policyOf): PackRow {
  const previousExpiresAt = maybeSeconds(row.previous_expires_at, 'previous secret');
  const imported = flagIn(row.imported, 'imported');
  const verifier = verifierIn(row.verifier);
  return {
    id: textIn(row.id, 'id'),
    policy: policyOfRow(row),
    state: stateIn(row.state),
    expiresAt: maybeSeconds(row.expires_at, 'expires_at'),
    parentId: maybeText(row.parent_id, 'parent_id'),
    digest: digestIn(row.digest),
    // The secret before a rotation may be a weak imported one, which is only found by its slow hash.
    verifier: imported && previousExpiresAt !== null ? 'scrypt' : verifier,
    imported,
    previousDigest: previousExpiresAt === null ? null : digestIn(row.previous_digest),
    previousExpiresAt,
  };
}

export function policyOf(row: PolicyRow): KeyPolicy {
  return {
    owner: maybeText(row.owner, 'owner'),
    scopes: textsIn(row.scopes, 'scopes'),
    models: textsIn(row.models, 'models'),
    allowIps: textsIn(row.allow_ips, 'allow_ips'),
    limits: limitsIn(row.limits),
    attributes: listsByName(row.attributes),
  };
}

/** The columns an administrator chooses. */
export function settingColumns(
  settings: KeySettings,
): Pick<KeyTable, 'name' | 'labels' | 'expires_at' | keyof PolicyRow> {
  return {
    name: settings.name,
    owner: settings.owner,
    scopes: JSON.stringify(settings.scopes),
    models: JSON.stringify(settings.models),
    allow_ips: JSON.stringify(settings.allowIps),
    limits: JSON.stringify(settings.limits),
    attributes: JSON.stringify(settings.attributes),
    labels: JSON.stringify(settings.labels),
    expires_at: settings.expiresAt,
  };
}

/** The row of a key that was made now. */
export function freshRow(key: FreshKey, made: { at: number; by: string; revision: number }): KeyTable {
  const never = { disabled_at: null, revoked_at: null, revoke_reason: null, rotated_at: null };
  const times = { created_at: made.at, updated_at: made.at, created_by: made.by, revision: made.revision };
  return {
    ...settingColumns(key),
    ...never,
    ...times,
    id: key.id,
    parent_id: key.parentId,
    state: 'active',
    imported: 0,
  };
}

function timesOf(
  row: KeyRow,
): Pick<
  StoredKey,
  'createdAt' | 'updatedAt' | 'expiresAt' | 'disabledAt' | 'revokedAt' | 'rotatedAt' | 'previousExpiresAt'
> {
  return {
    createdAt: secondsIn(row.created_at, 'created_at'),
    updatedAt: secondsIn(row.updated_at, 'updated_at'),
    expiresAt: maybeSeconds(row.expires_at, 'expires_at'),
    disabledAt: maybeSeconds(row.disabled_at, 'disabled_at'),
    revokedAt: maybeSeconds(row.revoked_at, 'revoked_at'),
    rotatedAt: maybeSeconds(row.rotated_at, 'rotated_at'),
    previousExpiresAt: maybeSeconds(row.previous_expires_at, 'previous secret'),
  };
}

function stateIn(value: unknown): KeyState {
  if (typeof value === 'string' && STATES.has(value)) return value as KeyState;
  throw new BadRow('state is not one of active, disabled, revoked');
}

function flagIn(value: unknown, column: string): boolean {
  if (value === 0 || value === 1) return value === 1;
  throw new BadRow(`${column} is not 0 or 1`);
}

function verifierIn(value: unknown): PackRow['verifier'] {
  if (value === 'sha256' || value === 'scrypt') return value;
  throw new BadRow('the secret has an unknown kind of digest, or there is none');
}

function digestIn(value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.byteLength === DIGEST_BYTES) return value;
  throw new BadRow(`a digest does not have ${DIGEST_BYTES} bytes`);
}

function textIn(value: unknown, column: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new BadRow(`${column} is not text`);
}

function maybeText(value: unknown, column: string): string | null {
  return value === null ? null : textIn(value, column);
}

function secondsIn(value: unknown, column: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BadRow(`${column} is not a whole number`);
}

function maybeSeconds(value: unknown, column: string): number | null {
  return value === null ? null : secondsIn(value, column);
}

function jsonIn(text: unknown, column: string): unknown {
  if (typeof text !== 'string') throw new BadRow(`${column} is not JSON`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BadRow(`${column} is not JSON`);
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function textsIn(text: unknown, column: string): string[] {
  const value = jsonIn(text, column);
  if (isTexts(value)) return value;
  throw new BadRow(`${column} is not a list of texts`);
}

function objectIn(text: unknown, column: string): Record<string, unknown> {
  const value = jsonIn(text, column);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadRow(`${column} is not an object`);
}

function textsByName(text: unknown, column: string): Record<string, string> {
  const value = objectIn(text, column);
  if (Object.values(value).every((item) => typeof item === 'string')) return value as Record<string, string>;
  throw new BadRow(`${column} does not hold texts`);
}

function listsByName(text: unknown): Record<string, string[]> {
  const value = objectIn(text, 'attributes');
  if (Object.values(value).every(isTexts)) return value as Record<string, string[]>;
  throw new BadRow('attributes does not hold lists of texts');
}

/** Limits as they are stored. Throws `BadRow` for anything this program could not hold anybody to. */
export function limitsIn(text: unknown): LimitSettings {
  const value = objectIn(text, 'limits');
  if (Object.entries(value).every(([name, limit]) => limitFault(name, limit) === null)) return value as LimitSettings;
  throw new BadRow('limits holds something that is no limit');
}
