import { parseKey } from '../keys/format.js';
import type { AskedRequest } from './asked-request.js';
import { Denial } from './holder.js';

const SLOTS = ['authorization', 'x-api-key', 'api-key'];

/**
 * The credential in `Authorization: Bearer`, `x-api-key` or `api-key`. Beside one Keyporter key other
 * text is ignored, because many clients have to send some; else two values are refused with 400.
 */
export function credentialOf({ headers }: AskedRequest): string {
  const shown = new Set<string>();
  for (const slot of SLOTS) {
    const values = headers.get(slot) ?? [];
    if (values.length > 1) throw tooMany();
    const value = slot === 'authorization' ? bearer(values[0] ?? '') : (values[0] ?? '');
    if (value !== '') shown.add(value);
  }
  const keys = new Set([...shown].map(canonical).filter((key) => key !== null));
  if (keys.size > 1 || (keys.size === 0 && shown.size > 1)) throw tooMany();
  const [credential] = keys.size === 1 ? keys : shown;
  if (credential === undefined)
    throw new Denial(401, 'No API key was sent. Send it as "Authorization: Bearer <key>".', {
      'www-authenticate': 'Bearer',
    });
  return credential;
}

/** The one spelling of a Keyporter key; null for any other text. */
export function canonical(text: string): string | null {
  return parseKey(text)?.canonical ?? null;
}

function bearer(value: string): string {
  if (/,\s*bearer /i.test(value)) throw tooMany();
  return /^bearer +(\S.*)$/i.exec(value)?.[1] ?? '';
}

function tooMany(): Denial {
  return new Denial(400, 'The request carries more than one credential. Send exactly one key.');
}
