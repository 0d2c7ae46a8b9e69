import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 20;
const POOL_BYTES = 4096;

/**
 * Makes request ids: `req_` and 20 characters of 36 from the system's random source (103 bits).
 * Random bytes are drawn in blocks, since one draw a request costs more than the rest of the id.
 */
export function createRequestIds(): () => string {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let at = POOL_BYTES;
  const nextByte = (): number => {
    if (at === POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    const byte = pool[at] ?? 0;
    at += 1;
    return byte;
  };
  const id = Buffer.from(`req_${'0'.repeat(ID_LENGTH)}`);
  return () => {
    for (let place = 4; place < id.length;) {
      const byte = nextByte();
      // 252 is the largest multiple of 36 in a byte: what lies above would favour some characters.
      if (byte < 252) id[place++] = ALPHABET.charCodeAt(byte % 36);
    }
    return id.toString('latin1');
  };
}
