import { randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '../core/secret.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'kp';
const IGNORED_PREFIX = 'sk-';
const ID_LENGTH = 12;
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;
/** Where the parts of `kp_<id>_<secret><check>` begin. */
const ID_START = PREFIX.length + 1;
const ID_END = ID_START + ID_LENGTH;
const SECRET_START = ID_END + 1;
const CHECK_START = SECRET_START + SECRET_LENGTH;
/** Length of `kp_<id>_<secret><check>`. */
export const KEY_LENGTH = CHECK_START + CHECK_LENGTH;
/** Length of the second spelling, without underscores. */
export const COMPACT_LENGTH = KEY_LENGTH - 2;

const UNDERSCORE = 0x5f;
const NOT_BASE62 = 0xff;
const DIGIT_OF = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = ALPHABET.indexOf(String.fromCharCode(code));
  return digit < 0 ? NOT_BASE62 : digit;
});

/** What a well-formed key says about itself. */
export interface ParsedKey {
  /** Public, may be logged. */
  id: string;
  /** The key in the form with underscores, over which the digest is taken. Secret. */
  canonical: string;
}

/** A new secret from the system's random source, 256 bits, under a new id of 71 bits or the given one. */
export function makeKey(id: string = makeId()): { id: string; secret: Secret } {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH);
  const unchecked = `${PREFIX}_${id}_${secret}`;
  return { id, secret: new Secret(unchecked + checkOf(unchecked)) };
}

function makeId(): string {
  return Array.from({ length: ID_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/**
 * Reads a key in either spelling. Null when length, characters or checksum are wrong, so that typing
 * errors and noise end here without a look-up.
 */
export function parseKey(text: string): ParsedKey | null {
  const spelled = withoutIgnoredPrefix(text);
  const canonical = spelled.length === COMPACT_LENGTH && spelled.startsWith(PREFIX) ? underscored(spelled) : spelled;
  return isWellFormed(canonical) ? { id: canonical.slice(ID_START, ID_END), canonical } : null;
}

/** True for text that was meant as one of our keys, mistyped or cut ones included: it is never shown to anybody else. */
export function looksLikeKey(text: string): boolean {
  const spelled = withoutIgnoredPrefix(text);
  if (spelled.startsWith(`${PREFIX}_`)) return true;
  if (spelled.length !== COMPACT_LENGTH || !spelled.startsWith(PREFIX)) return false;
  for (let at = 0; at < COMPACT_LENGTH; at++) {
    if (digitAt(spelled, at) === NOT_BASE62) return false;
  }
  return true;
}

/** The beginning stands, and something behind it is wrong, missing or too much. */
const NEARLY_WHOLE = /^\W{0,2}(?:\w{0,3}-{1,2}|sk.?)?kp(?:[_-]|[\w-]{50,70}\W{0,2}$)/i;
/** The parts stand, and something of the beginning is wrong. */
const NEARLY_PARTS = /^[^.]{0,8}[_-][0-9A-Za-z]{10,14}[_-][0-9A-Za-z]{40,56}\W{0,2}$/;

/**
 * As `looksLikeKey`, and wider: whatever may be one of our keys after a slip of the hand. Such text is
 * shown to nobody else, so the tokens of others must not be among it.
 */
export function resemblesKey(text: string): boolean {
  if (looksLikeKey(text) || NEARLY_WHOLE.test(text) || NEARLY_PARTS.test(text)) return true;
  return withBeginningMended(withoutIgnoredPrefix(text)).some((mended) => parseKey(mended) !== null);
}

/** The checksum tells whether one slip in the first characters is all that is wrong. */
function withBeginningMended(text: string): string[] {
  const [first = '', second = '', third = ''] = text;
  return [
    PREFIX + text.slice(1),
    PREFIX + text.slice(2),
    PREFIX + text.slice(3),
    first + third + second + text.slice(3),
  ];
}

/** What is safe to show of a key: `kp_<id>`. */
export function prefixOf(id: string): string {
  return `${PREFIX}_${id}`;
}

/** True for text of the form of a key id: 12 letters and digits. */
export function isKeyId(text: string): boolean {
  if (text.length !== ID_LENGTH) return false;
  for (let at = 0; at < ID_LENGTH; at++) {
    if (digitAt(text, at) === NOT_BASE62) return false;
  }
  return true;
}

function withoutIgnoredPrefix(text: string): string {
  return text.startsWith(IGNORED_PREFIX) ? text.slice(IGNORED_PREFIX.length) : text;
}

function underscored(compact: string): string {
  const idEnd = PREFIX.length + ID_LENGTH;
  return `${PREFIX}_${compact.slice(PREFIX.length, idEnd)}_${compact.slice(idEnd)}`;
}

function isWellFormed(key: string): boolean {
  if (key.length !== KEY_LENGTH || !key.startsWith(`${PREFIX}_`) || key.charCodeAt(ID_END) !== UNDERSCORE) return false;
  for (let at = ID_START; at < KEY_LENGTH; at++) {
    if (at !== ID_END && digitAt(key, at) === NOT_BASE62) return false;
  }
  return crc32(key.slice(0, CHECK_START)) === numberIn(key, CHECK_START);
}

function digitAt(text: string, at: number): number {
  return DIGIT_OF[text.charCodeAt(at)] ?? NOT_BASE62;
}

function checkOf(unchecked: string): string {
  return inBase62(BigInt(crc32(unchecked)), CHECK_LENGTH);
}

/** The number written in base62 from `start` to the end of the text. */
function numberIn(text: string, start: number): number {
  let value = 0;
  for (let at = start; at < text.length; at++) value = value * ALPHABET.length + digitAt(text, at);
  return value;
}

/** Most significant digit first, filled with zeros to `length`. */
function inBase62(value: bigint, length: number): string {
  const base = BigInt(ALPHABET.length);
  let digits = '';
  for (let rest = value; digits.length < length; rest /= base) digits = ALPHABET.charAt(Number(rest % base)) + digits;
  return digits;
}
