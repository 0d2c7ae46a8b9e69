import { Refusal } from '../core/errors.js';
import type { Secret } from '../core/secret.js';
import { looksLikeKey, parseKey } from './format.js';
import { digestOf } from './hash.js';
import { isStrong } from './strength.js';

/** The digest under which a shown secret is stored. Throws `not_found` for a mistyped key of ours: it is nobody's. */
export async function digestOfSecret(
  secret: Secret,
  slowDigest: (text: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const text = secret.reveal();
  const parsed = parseKey(text);
  if (parsed !== null) return digestOf(parsed.canonical);
  if (looksLikeKey(text)) {
    throw new Refusal('not_found', {
      message: 'This is no complete key: its checksum does not fit. Look for a missing or changed character.',
    });
  }
  return isStrong(text) ? digestOf(text) : slowDigest(text);
}
