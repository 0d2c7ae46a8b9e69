import { hash } from 'node:crypto';
import { scanObject } from './json-scan.js';

/** Members that begin with the beginning of the conversation, in the order in which they are looked for. */
const MEMBERS = ['messages', 'prompt', 'input'];
/** What lies behind this is not looked at. */
const LONGEST_BEGINNING_BYTES = 65_536;
/** Of a text that may grow with every turn. */
const BEGINNING_OF_TEXT_BYTES = 1024;
const FROM_USER = /"role"\s*:\s*"user"/;

/**
 * A short name for the beginning of a conversation, the same for all its turns: of messages those up to
 * and including the first of the user, of a text its first bytes. Null when the body has neither.
 */
export function conversationPrefix(body: Buffer): string | null {
  const members = scanObject(body);
  for (const name of MEMBERS) {
    const member = members.find((one) => one.name === name);
    if (member === undefined || (member.kind !== 'array' && member.kind !== 'string')) continue;
    const longest = member.kind === 'array' ? LONGEST_BEGINNING_BYTES : BEGINNING_OF_TEXT_BYTES;
    const beginning = body.subarray(member.from, Math.min(member.to, member.from + longest));
    return hash(
      'sha256',
      member.kind === 'array' ? beginning.subarray(0, endOfFirstTurn(beginning)) : beginning,
      'base64url',
    );
  }
  return null;
}

/** The first byte behind the first message of the user; all of it when there is no such message. */
function endOfFirstTurn(list: Buffer): number {
  let depth = 0;
  let from = 0;
  for (let at = 0; at < list.length; at += 1) {
    const byte = list[at];
    if (byte === 0x22) at = endOfString(list, at);
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth === 2) from = at;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
      if (depth === 1 && FROM_USER.test(list.toString('latin1', from, at))) return at + 1;
    }
  }
  return list.length;
}

/** The place of the quote that ends the string whose first quote is at `from`. */
function endOfString(text: Buffer, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === 0x5c) at += 1;
    else if (text[at] === 0x22) return at;
  }
  return text.length;
}
