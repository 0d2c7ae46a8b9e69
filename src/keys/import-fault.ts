import { Refusal } from '../core/errors.js';
import { checkSettings } from './check-settings.js';
import { invalid } from './check-text.js';
import { looksLikeKey } from './format.js';
import type { ImportedKey } from './key.js';
import type { KeySettings } from './stored-key.js';

const LONGEST_SECRET = 4096;
const DIGEST_BYTES = 32;

/** The settings of a key of another system. Throws `invalid_value`. Expired and powerless keys are taken too: they must be known to be refused. */
export function importedSettings(key: ImportedKey, isKnownScope: (scope: string) => boolean): KeySettings {
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

/** Throws `invalid_value` for a secret that cannot be that of an imported key. */
export function checkImportedSecret({ secret }: ImportedKey): void {
  if ('sha256' in secret) {
    if (secret.sha256.byteLength !== DIGEST_BYTES) throw invalid('sha256', `A SHA-256 has ${DIGEST_BYTES} bytes.`);
    return;
  }
  const text = secret.text.reveal();
  if (text === '' || text.length > LONGEST_SECRET)
    throw invalid('secret', `A secret has 1 to ${LONGEST_SECRET} characters.`);
  if (/\p{Cs}/u.test(text)) throw invalid('secret', 'A secret must be valid Unicode.');
  if (looksLikeKey(text))
    throw invalid('secret', 'A secret has the form of a key of Keyporter, and only Keyporter makes those.');
}

/** Why this key could not be imported, as a sentence without its secret; null when it could. */
export function importFault(key: ImportedKey): string | null {
  try {
    importedSettings(key, () => true);
    checkImportedSecret(key);
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.publicMessage;
    throw error;
  }
}
