import type { Clock } from '../core/clock.js';
import { unixSeconds } from '../core/clock.js';
import { checkSettings } from './check-settings.js';
import { invalid } from './check-text.js';
import { looksLikeKey, makeKey } from './format.js';
import { digestOf } from './hash.js';
import type { Actor, ImportedKey, ImportOutcome } from './key.js';
import type { ImportKey, KeyStore } from './key-store.js';
import { isStrong } from './strength.js';
import type { KeySettings } from './stored-key.js';

const MOST_AT_ONCE = 1000;
const LONGEST_SECRET = 4096;
const DIGEST_BYTES = 32;

export interface ImportParts {
  store: KeyStore;
  clock: Clock;
  isKnownScope: (scope: string) => boolean;
  /** For secrets that somebody could search for. */
  slowDigest: (secret: string) => Promise<Uint8Array>;
}

/**
 * Takes over keys of another system, whose holders keep their secrets. All of them in one transaction;
 * one whose secret a key has already is left as it is. Throws `invalid_value`, and then none was taken.
 */
export async function importKeys(
  parts: ImportParts,
  keys: readonly ImportedKey[],
  actor: Actor,
): Promise<ImportOutcome[]> {
  if (keys.length > MOST_AT_ONCE) throw invalid('keys', `Import at most ${MOST_AT_ONCE} keys at once.`);
  const settled = keys.map((key) => settingsOf(key, parts.isKnownScope));
  const prepared: ImportKey[] = [];
  for (const [index, key] of keys.entries()) {
    const settings = settled[index];
    if (settings === undefined) continue;
    const { disabled, createdAt } = key;
    prepared.push({ ...settings, id: makeKey().id, disabled, createdAt, ...(await verifierOf(key, parts)) });
  }
  return parts.store.importKeys(prepared, { actor, at: unixSeconds(parts.clock) });
}

/** Expired and powerless keys are taken too: they must be known to be refused. */
function settingsOf(key: ImportedKey, isKnownScope: (scope: string) => boolean): KeySettings {
  const { name, owner, scopes, models, limits = {}, labels, expiresAt } = key;
  if (scopes.length === 0 && !key.disabled)
    throw invalid('scopes', 'A key without a scope can only be imported disabled.');
  const asked = { name, owner, models, limits, labels, expiresAt, ...(scopes.length === 0 ? {} : { scopes }) };
  const checked = checkSettings(asked, { isKnownScope, maxLifetimeSeconds: null, now: 0 });
  const empty = {
    owner: null,
    scopes: [],
    models: [],
    allowIps: [],
    limits: {},
    attributes: {},
    labels: {},
    expiresAt: null,
  };
  return { ...empty, name, ...checked };
}

async function verifierOf(
  { secret }: ImportedKey,
  parts: ImportParts,
): Promise<Pick<ImportKey, 'digest' | 'verifier'>> {
  if ('sha256' in secret) {
    if (secret.sha256.byteLength !== DIGEST_BYTES) throw invalid('sha256', `A SHA-256 has ${DIGEST_BYTES} bytes.`);
    return { digest: secret.sha256, verifier: 'sha256' };
  }
  const text = secret.text.reveal();
  if (text === '' || text.length > LONGEST_SECRET)
    throw invalid('secret', `A secret has 1 to ${LONGEST_SECRET} characters.`);
  if (looksLikeKey(text))
    throw invalid('secret', 'A secret has the form of a key of Keyporter, and only Keyporter makes those.');
  return isStrong(text)
    ? { digest: digestOf(text), verifier: 'sha256' }
    : { digest: await parts.slowDigest(text), verifier: 'scrypt' };
}
