import { Refusal } from '../core/errors.js';
import type { TopMember } from '../core/exchange.js';
import { tooMuch } from './json-faults.js';
import { membersAt } from './json-scan.js';

/** Members that say where media is. */
const NAMES: ReadonlySet<string> = new Set([
  'image_url',
  'audio_url',
  'video_url',
  'file_url',
  'server_url',
  'input_audio',
  'input_video',
  'source',
]);
const LONGEST_NAME_BYTES = 'input_audio'.length;
/** Their ends, which are searched for: quotes are in every text, and few begin with a letter as rare as these. */
const ENDS = ['_url"', '_audio"', '_video"', 'source"'].map((end) => Buffer.from(end));
/** Members that hold a place: their text is data or refused, whatever it looks like. */
const PLACES: ReadonlySet<string> = new Set(['image_url', 'audio_url', 'video_url', 'file_url', 'server_url', 'url']);
/** Members that hold the media itself or, where an engine takes that, a URL or a file of its own. */
const EITHER: ReadonlySet<string> = new Set(['image', 'audio', 'video']);
const EITHER_ENDS = [...EITHER].map((name) => Buffer.from(`"${name}"`));
/** A name of a file is shorter, and has a dot; base64 has none. */
const LONGEST_FILE_BYTES = 4096;
const DATA = /^"data:/i;
/** Holds the media itself, in base64, which has no colon. Some engines read a URL there too. */
const CONTENT = 'data';
/** So many times its own length of a body is read at most: an object in a place is read with all that is inside it. */
const MOST_READINGS = 4;
const LOOKED_AT_BYTES = 8;
const LONGEST_SCHEME_BYTES = 32;
const ESCAPE = Buffer.from('\\u00');
const ANY_ESCAPE = Buffer.from('\\u');
const COLON = 0x3a;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/**
 * Refuses a body that would send the engine to fetch media from somewhere: from other hosts, from hosts
 * that only the engine can reach, or from its own files. `data:` URLs carry the media with them. The
 * body was checked to be JSON already. `fetchesPlainNames`: the engine fetches what stands in `image` too; elsewhere
 * that is a word of tools like any other. Searches for names in place of building a tree: large bodies are
 * mostly one picture.
 */
export function refuseMediaUrls(body: Buffer, { fetchesPlainNames = false } = {}): void {
  refuseEscapedNames(body);
  if (fetchesPlainNames) {
    eachMember(body, { ends: EITHER_ENDS, names: EITHER }, (value, name) => {
      if (body[value] === QUOTE && isElsewhere(body, value)) judgeText(body, value, name);
    });
  }
  let left = MOST_READINGS * body.length;
  eachMember(body, { ends: ENDS, names: NAMES }, (value, name) => {
    left -= judge(body, value, name);
    if (left < 0) throw tooMuch(`"${name}" is nested in itself too often`);
  });
}

/** Calls `visit` with the place of the value of every member of these names, which end in one of `ends`. */
function eachMember(
  body: Buffer,
  { ends, names }: { ends: readonly Buffer[]; names: ReadonlySet<string> },
  visit: (value: number, name: string) => void,
): void {
  for (const end of ends) {
    for (let at = body.indexOf(end); at >= 0; at = body.indexOf(end, at + end.length)) {
      const name = nameBefore(body, at + end.length - 1);
      const value = names.has(name) ? valueOf(body, at + end.length) : null;
      if (value !== null) visit(value, name);
    }
  }
}

/** What stands in quotes, the closing one of which is at `quote`; empty when it is longer than any name. */
function nameBefore(body: Buffer, quote: number): string {
  let from = quote;
  while (from > 0 && quote - from <= LONGEST_NAME_BYTES && body[from - 1] !== QUOTE) from -= 1;
  return body[from - 1] === QUOTE ? body.toString('latin1', from, quote) : '';
}

/** Where the value of a member begins; null when the quoted text is a value itself. */
function valueOf(body: Buffer, end: number): number | null {
  const colon = skipSpace(body, end);
  return body[colon] === COLON ? skipSpace(body, colon + 1) : null;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1;
  return at;
}

/** Answers how many bytes it read. */
function judge(body: Buffer, at: number, name: string): number {
  if (body[at] === QUOTE && PLACES.has(name)) judgeText(body, at, name);
  if (body[at] !== 0x7b) return 0;
  const members = membersAt(body, at);
  for (const member of members) {
    if (member.kind !== 'string') continue;
    if (PLACES.has(member.name) || (member.name === CONTENT && hasScheme(body, member)))
      judgeText(body, member.from, member.name);
  }
  return (members.at(-1)?.to ?? at) - at;
}

/** The text names a place or a file. */
function isElsewhere(body: Buffer, from: number): boolean {
  const to = endOfString(body, from + 1);
  return hasScheme(body, { from, to }) || (to - from <= LONGEST_FILE_BYTES && body.subarray(from, to).includes(DOT));
}

/** `http:`, `file:` and the like, or anything spelled so that it could be one. */
function hasScheme(body: Buffer, { from, to }: Pick<TopMember, 'from' | 'to'>): boolean {
  const beginning = body.subarray(from, Math.min(to, from + LONGEST_SCHEME_BYTES));
  return beginning.includes(COLON) || beginning.includes(ANY_ESCAPE);
}

function judgeText(body: Buffer, at: number, name: string): void {
  if (DATA.test(body.toString('latin1', at, at + LOOKED_AT_BYTES))) return;
  throw new Refusal('invalid_value', {
    message: `"${name}" must be a data: URL: this model does not fetch media from elsewhere. Send the media itself, in base64.`,
    param: name,
  });
}

/** A name that spells a plain letter as an escape could hide from the search; no serialiser writes one. */
function refuseEscapedNames(body: Buffer): void {
  let next = ESCAPE.length;
  for (let at = body.indexOf(ESCAPE); at >= 0; at = body.indexOf(ESCAPE, next)) {
    next = at + ESCAPE.length;
    const high = body[next] ?? 0;
    if (high < 0x32 || high > 0x37) continue;
    // One look at a string is enough: with one for each of its escapes, a long string would take hours.
    next = endOfString(body, at);
    if (valueOf(body, next) === null) continue;
    throw new Refusal('invalid_value', {
      message: 'The body has a member whose name spells plain letters as \\u escapes. Write them as they are.',
    });
  }
}

/** Behind the closing quote of the string around `at`. */
function endOfString(body: Buffer, at: number): number {
  let end = body.indexOf(QUOTE, at);
  while (end >= 0 && isEscaped(body, end)) end = body.indexOf(QUOTE, end + 1);
  return end < 0 ? body.length : end + 1;
}

function isEscaped(body: Buffer, at: number): boolean {
  let slashes = 0;
  while (body[at - 1 - slashes] === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
