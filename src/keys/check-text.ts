import { Refusal } from '../core/errors.js';
import { maskKeys } from './scan.js';

/** C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of text. */
function isHidden(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  return code === 0x2028 || code === 0x2029 || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** A refusal of one member of the body. */
export function invalid(param: string, message: string): Refusal {
  return new Refusal('invalid_value', { message, param });
}

/**
 * A line of text for people: 1 to `longest` UTF-16 units, no control characters, no spaces at its ends.
 * Throws `invalid_value` naming `param`.
 */
export function checkLine(value: unknown, param: string, longest: number): string {
  if (typeof value !== 'string') throw invalid(param, `${param} must be text.`);
  if (value.length === 0 || value.length > longest)
    throw invalid(param, `${param} must have 1 to ${longest} characters.`);
  if (value.trim() !== value) throw invalid(param, `${param} must not begin or end with a space.`);
  for (let at = 0; at < value.length; at++) {
    if (isHidden(value.charCodeAt(at))) throw invalid(param, `${param} must not hold control characters.`);
  }
  if (maskKeys(value) !== value)
    throw invalid(
      param,
      `${param} holds a whole key, which would lie in the store for ever. Take it out, and rotate that key.`,
    );
  if (Buffer.from(value, 'utf8').toString('utf8') !== value) throw invalid(param, `${param} must be valid Unicode.`);
  return value;
}

/** A list of lines without repetition, at most `most` of them. */
export function checkLines(value: unknown, param: string, bounds: { most: number; longest: number }): string[] {
  if (!Array.isArray(value)) throw invalid(param, `${param} must be a list of texts.`);
  if (value.length > bounds.most) throw invalid(param, `${param} may have at most ${bounds.most} entries.`);
  return [...new Set(value.map((item) => checkLine(item, param, bounds.longest)))];
}

/** The entries of a plain object, at most `most`, with names that are lines. */
export function checkEntries(
  value: unknown,
  param: string,
  bounds: { most: number; longestName: number },
): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(param, `${param} must be an object.`);
  const entries = Object.entries(value);
  if (entries.length > bounds.most) throw invalid(param, `${param} may have at most ${bounds.most} entries.`);
  for (const [name] of entries) {
    checkLine(name, param, bounds.longestName);
    if (name === '__proto__') throw invalid(param, `${param} must not have an entry named ${name}.`);
  }
  return entries;
}
