import { styleText } from 'node:util';
import type { Io } from './io.js';

/** Characters that move the cursor, colour, break lines or turn the direction of text. */
const HIDDEN = /[\p{Cc}\p{Cs}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others, made safe to show on a terminal: hidden characters appear as `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Colour on a terminal that wants it, plain text everywhere else. */
export function styled(io: Io, style: Style, text: string): string {
  const plain = !io.outIsTerminal || (io.env['NO_COLOR'] ?? '') !== '' || io.env['TERM'] === 'dumb';
  return plain ? text : styleText(style, text, { validateStream: false });
}

/** `2026-03-01 12:00` in UTC; `-` for null. */
export function moment(unixSeconds: number | null, never = '-'): string {
  if (unixSeconds === null) return never;
  return new Date(unixSeconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
}
