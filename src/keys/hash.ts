import { hash, scrypt } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';

const DIGEST_BYTES = 32;
const LEAST_SALT_BYTES = 16;
const CHECKS_PER_SECOND = 5;
const SPACING_MS = 1000 / CHECKS_PER_SECOND;
/** Whoever would wait longer than this for his turn is told to come back. */
const LONGEST_WAIT_MS = 5000;
const REMEMBERED = 1000;

/** SHA-256 of a whole secret, 32 bytes. Enough for secrets of 128 bits and more: there is nothing to search. */
export function digestOf(canonical: string): Uint8Array {
  return hash('sha256', canonical, 'buffer');
}

/** Hashes weak secrets so slowly that a stolen store does not give them away. */
export interface SlowHasher {
  /**
   * scrypt of the candidate, 32 bytes. Rejects with `rate_limit_exceeded` when too many candidates wait.
   */
  digest(candidate: string): Promise<Uint8Array>;
}

/**
 * One salt for the whole installation lets a secret be found by its digest. Work is done off-thread,
 * at most five new candidates a second; known candidates are remembered by their SHA-256.
 */
export function createSlowHasher(salt: Uint8Array, clock: Clock): SlowHasher {
  if (salt.byteLength < LEAST_SALT_BYTES)
    throw new Error(`The salt for weak secrets has ${salt.byteLength} bytes, at least ${LEAST_SALT_BYTES} are needed.`);
  const remembered = new Map<string, Promise<Uint8Array>>();
  let nextTurnMs = 0;

  function takeTurn(): number {
    const nowMs = clock.monotonic();
    const turnMs = Math.max(nowMs, nextTurnMs);
    const waitMs = turnMs - nowMs;
    if (waitMs > LONGEST_WAIT_MS) {
      throw new Refusal('rate_limit_exceeded', {
        reason: 'too many unknown imported secrets wait to be hashed',
        headers: ['retry-after', String(LONGEST_WAIT_MS / 1000)],
      });
    }
    nextTurnMs = turnMs + SPACING_MS;
    return waitMs;
  }

  async function compute(candidate: string, waitMs: number): Promise<Uint8Array> {
    if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
    return slowDigestOf(candidate, salt);
  }

  return {
    async digest(candidate) {
      const name = hash('sha256', candidate, 'base64');
      const known = remembered.get(name);
      const result = known ?? compute(candidate, takeTurn());
      remember(remembered, name, result);
      return result;
    },
  };
}

/** Moves the entry to the young end and drops the oldest one beyond the bound; a failed computation is forgotten. */
function remember(remembered: Map<string, Promise<Uint8Array>>, name: string, result: Promise<Uint8Array>): void {
  const isNew = !remembered.delete(name);
  remembered.set(name, result);
  if (!isNew) return;
  result.catch(() => remembered.delete(name));
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED) break;
    remembered.delete(oldest);
  }
}

/** The slow digest itself, for secrets that come from an administrator and need no throttle. Off-thread. */
export function slowDigestOf(secret: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, DIGEST_BYTES, (error, derived) => (error === null ? resolve(derived) : reject(error)));
  });
}
