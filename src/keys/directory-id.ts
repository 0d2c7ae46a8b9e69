/** Characters of a key id; three words of four. */
export const ID_LENGTH = 12;

/** Four characters of an id as one word. */
export function idWord(id: string, start: number): number {
  const code = (at: number): number => id.charCodeAt(start + at) & 0xff;
  return (code(0) | (code(1) << 8) | (code(2) << 16) | (code(3) << 24)) >>> 0;
}

/** The four characters of such a word. */
export function idText(word: number): string {
  return String.fromCharCode(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
}

/** Mixes the three words of an id; ids are random, so that little is needed. */
export function hashOf(first: number, second: number, third: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
