import { Refusal } from '../core/errors.js';

/** A name that stands twice: two readers could take different ones. */
export function duplicate(name: string): Refusal {
  const shown = name.slice(0, 64);
  return new Refusal('duplicate_member', { message: `The body names "${shown}" twice. Send it once.`, param: shown });
}

/** A bound on how large or deep a body may be. */
export function tooMuch(what: string): Refusal {
  return new Refusal('invalid_value', { message: `The body was refused: ${what}.` });
}

/** Text that is no JSON object in UTF-8. */
export function broken(what: string): Refusal {
  return new Refusal('invalid_json', { message: `The body is not valid JSON: ${what}.` });
}

/** The body cannot be read on from this byte. */
export function brokenAt(bytes: Buffer, at: number): Refusal {
  return broken(at < bytes.length ? `reading stopped at byte ${at}` : 'it ends too early');
}
