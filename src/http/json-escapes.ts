import { brokenAt } from './json-faults.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CODE = 0x75;
const HEX = /^[0-9A-Fa-f]{4}$/;
/** 1 for what may stand behind a backslash, besides the `u` of a code. */
const ESCAPES = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) ESCAPES[byte] = 1;

/** The closing quote of a string whose text begins at `start` and holds escapes, each of which is checked. */
export function endOfEscaped(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) continue;
    at += 1;
    const escape = bytes[at] ?? 0;
    if (escape === CODE) {
      if (!HEX.test(bytes.toString('latin1', at + 1, at + 5))) throw brokenAt(bytes, at);
      at += 4;
    } else if (ESCAPES[escape] !== 1) {
      throw brokenAt(bytes, at);
    }
  }
  throw brokenAt(bytes, bytes.length);
}
