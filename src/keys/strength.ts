const LEAST_CHARACTERS = 22;
const LEAST_BITS = 128;
/** What a letter of a word is worth at most to somebody who guesses words. */
const WORD_LETTER_BITS = 2;

/** On average 82 of 100 random hexadecimal digits do not continue the one before; fewer than this do not come by chance. */
const RANDOM_HEX_SHARE = 0.6;
const DECIMAL_BITS = Math.log2(10);

const POOLS: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[^a-zA-Z0-9]/, 33],
];

/** True when nobody can search for this secret, so that a fast digest of it gives nothing away. */
export function isStrong(secret: string): boolean {
  return secret.length >= LEAST_CHARACTERS && estimatedBits(secret) >= LEAST_BITS;
}

/**
 * Bits of a secret whose making nobody knows, estimated low: characters that repeat or continue the
 * one before count nothing, what is made of words and numbers counts as such.
 */
export function estimatedBits(secret: string): number {
  const text = withoutRepetition(secret);
  const telling = [...text].filter((character, at, all) => !continues(all[at - 1], character)).length;
  // With 16 digits a good share of the neighbours continue each other by chance.
  const counted = isHexadecimal(text) && telling >= RANDOM_HEX_SHARE * text.length ? text.length : telling;
  return Math.floor(counted * bitsEach(text));
}

/** `abcabc` as `abc`. */
function withoutRepetition(text: string): string {
  const period = `${text}${text}`.indexOf(text, 1);
  return period > 0 && period < text.length ? text.slice(0, period) : text;
}

function continues(before: string | undefined, character: string): boolean {
  return before !== undefined && Math.abs(before.charCodeAt(0) - character.charCodeAt(0)) <= 1;
}

function isHexadecimal(text: string): boolean {
  return /^([0-9a-f]+|[0-9A-F]+)$/.test(text) && /[a-f]/i.test(text);
}

function bitsEach(text: string): number {
  const pieces = text.split(/[^A-Za-z0-9]+/).filter((piece) => piece !== '');
  if (pieces.every((piece) => /^([A-Z]?[a-z]+|[A-Z]+|[0-9]{1,8})$/.test(piece))) return WORD_LETTER_BITS;
  if (/^[0-9]+$/.test(text)) return DECIMAL_BITS;
  if (isHexadecimal(text)) return 4;
  return Math.log2(POOLS.reduce((sum, [kind, size]) => sum + (kind.test(text) ? size : 0), 0));
}
