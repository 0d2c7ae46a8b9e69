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
/** Threads that Node.js has for such work, unless it is told otherwise. */
const SLOW_AT_ONCE = 4;

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
  const verifiers = await verifiersOf(keys, parts);
  const prepared = settled.flatMap((settings, index): ImportKey[] => {
    const [key, verifier] = [keys[index], verifiers[index]];
    if (key === undefined || verifier === undefined) return [];
    return [{ ...settings, id: makeKey().id, disabled: key.disabled, createdAt: key.createdAt, ...verifier }];
  });
  return parts.store.importKeys(prepared, { actor, at: unixSeconds(parts.clock) });
}

type Verifier = Pick<ImportKey, 'digest' | 'verifier'>;

/** A few slow digests at a time, each on a thread of its own. */
async function verifiersOf(keys: readonly ImportedKey[], parts: ImportParts): Promise<Verifier[]> {
  const verifiers: Verifier[] = [];
  for (let from = 0; from < keys.length; from += SLOW_AT_ONCE)
    verifiers.push(...(await Promise.all(keys.slice(from, from + SLOW_AT_ONCE).map((key) => verifierOf(key, parts)))));
  return verifiers;
}

async function verifierOf(key: ImportedKey, parts: ImportParts): Promise<Verifier> {
  const { secret } = key;
  if ('sha256' in secret) return { digest: secret.sha256, verifier: 'sha256' };
  const text = secret.text.reveal();
  return isStrong(text)
    ? { digest: digestOf(text), verifier: 'sha256' }
    : { digest: await parts.slowDigest(text), verifier: 'scrypt' };
}
