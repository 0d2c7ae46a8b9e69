import { Refusal } from '../core/errors.js';
import type { KeyDirectory, KeyLife } from '../keys/key.js';

interface Known {
  name: string;
  /** Of the directory when the name was read. */
  revision: number;
}

/** Names held at once; the one unseen for longest is forgotten first. */
const MAX_NAMES = 10_000;

/**
 * Names of keys, which memory does not hold. Asked again after any change of a key, and known on while
 * the store is away. Rejects with 503 when a name cannot be known.
 */
export function createKeyNames({
  life,
  directory,
}: {
  life: KeyLife;
  directory: KeyDirectory;
}): (keyId: string) => Promise<string> {
  const names = new Map<string, Known>();
  return async (keyId) => {
    const { revision } = directory;
    const known = names.get(keyId);
    if (known?.revision === revision) return known.name;
    const record = await life.get(keyId).catch((cause: unknown) => {
      if (known !== undefined) return known;
      throw new Refusal('auth_unavailable', {
        reason: 'the name of a key cannot be read',
        cause,
        headers: ['retry-after', '5'],
      });
    });
    if (record === null) throw new Refusal('invalid_api_key', { reason: 'the key was deleted meanwhile' });
    names.delete(keyId);
    names.set(keyId, { name: record.name, revision });
    if (names.size > MAX_NAMES) names.delete(names.keys().next().value ?? keyId);
    return record.name;
  };
}
