import type { Clock } from '../core/clock.js';
import { unixSeconds } from '../core/clock.js';
import { invalid } from './check-text.js';
import { makeKey } from './format.js';
import { digestOf } from './hash.js';
import { checkImportedSecret, importedSettings } from './import-fault.js';
import type { Actor, ImportedKey, ImportOutcome } from './key.js';
import type { ImportKey, KeyStore } from './key-store.js';
import { isStrong } from './strength.js';

const MOST_AT_ONCE = 1000;

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
  const settled = keys.map((key) => {
    checkImportedSecret(key);
    return importedSettings(key, parts.isKnownScope);
  });
  const prepared: ImportKey[] = [];
  for (const [index, key] of keys.entries()) {
    const settings = settled[index];
    if (settings === undefined) continue;
    const { disabled, createdAt } = key;
    prepared.push({ ...settings, id: makeKey().id, disabled, createdAt, ...(await verifierOf(key, parts)) });
  }
  return parts.store.importKeys(prepared, { actor, at: unixSeconds(parts.clock) });
}

async function verifierOf(key: ImportedKey, parts: ImportParts): Promise<Pick<ImportKey, 'digest' | 'verifier'>> {
  const { secret } = key;
  if ('sha256' in secret) return { digest: secret.sha256, verifier: 'sha256' };
  const text = secret.text.reveal();
  return isStrong(text)
    ? { digest: digestOf(text), verifier: 'sha256' }
    : { digest: await parts.slowDigest(text), verifier: 'scrypt' };
}
