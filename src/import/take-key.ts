import { importFault } from '../keys/import-fault.js';
import type { ImportedKey } from '../keys/key.js';
import type { Verdicts } from './reading.js';

/** Fewer characters can be guessed. */
const SHORT = 20;

/** The key as a list of one, or an empty list and the verdict why it cannot be taken: one odd key does not keep the others out. */
export function takeKey(field: string, key: ImportedKey, verdicts: Verdicts): ImportedKey[] {
  const fault = importFault(key);
  if (fault === null) return [key];
  verdicts.refused(field, `is left out: ${fault}`);
  return [];
}

/** A warning where somebody could guess the secret. */
export function warnOfShort(field: string, secret: string, verdicts: Verdicts): void {
  if (secret.length < SHORT)
    verdicts.approximated(
      field,
      `has fewer than ${SHORT} characters and can be guessed; taken with a slow hash. Rotate it soon`,
    );
}
