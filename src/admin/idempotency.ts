import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { AdminCaller } from './caller.js';
import { AdminRefusal } from './problem.js';

const MOST_REMEMBERED = 10_000;
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
const LARGEST_REMEMBERED_ANSWER = 16 * 1024;
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** What a request was answered with. `text` is null when the answer held a secret: that is never kept. */
export interface Remembered {
  status: number;
  text: string | null;
  /** The key that was made, when the answer held a secret. */
  keyId: string | null;
}

export interface IdempotencyMemory {
  /**
   * Runs `work` once for an Idempotency-Key. A repetition gets the first answer again; when that held
   * a secret, a 409 that names the key which exists. A failed request is forgotten, so it can be tried again.
   */
  once(request: IdempotentRequest, work: () => Promise<Remembered>): Promise<Remembered>;
}

export interface IdempotentRequest {
  key: string;
  caller: AdminCaller;
  /** Method, path and body: the same key for another request is a mistake. */
  parts: readonly string[];
}

interface Entry {
  digest: string;
  atMs: number;
  answer: Promise<Remembered>;
}

export function createIdempotencyMemory(clock: Clock): IdempotencyMemory {
  const entries = new Map<string, Entry>();
  return {
    async once({ key, caller, parts }, work) {
      if (!KEY_FORM.test(key))
        throw new Refusal('bad_request', { message: 'Idempotency-Key must be 1 to 255 printable ASCII characters.' });
      forgetOld(entries, clock.monotonic());
      const name = `${caller.keyId ?? caller.actor.id}\n${key}`;
      const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64');
      const earlier = entries.get(name);
      if (earlier !== undefined) return repeated(earlier, digest);
      const answer = work();
      entries.set(name, { digest, atMs: clock.monotonic(), answer: answer });
      return settled(answer, () => entries.delete(name));
    },
  };
}

/** Failures and answers too large to keep are forgotten. */
async function settled(answer: Promise<Remembered>, forget: () => void): Promise<Remembered> {
  try {
    const given = await answer;
    if (given.status >= 400 || (given.text !== null && given.text.length > LARGEST_REMEMBERED_ANSWER)) forget();
    return given;
  } catch (error) {
    forget();
    throw error;
  }
}

async function repeated(earlier: Entry, digest: string): Promise<Remembered> {
  if (earlier.digest !== digest) {
    throw new Refusal('conflict', {
      message: 'This Idempotency-Key was used for another request. Use a new one for each request.',
    });
  }
  const given = await earlier.answer;
  if (given.text !== null) return given;
  throw new AdminRefusal('conflict', {
    message: `This request was answered before: key ${given.keyId ?? ''} exists. Its secret cannot be shown again; rotate the key for a new one.`,
    ...(given.keyId === null ? {} : { keyId: given.keyId }),
  });
}

/** Entries stand in the order of their making, so the oldest come first. */
function forgetOld(entries: Map<string, Entry>, nowMs: number): void {
  for (const [name, entry] of entries) {
    if (entries.size < MOST_REMEMBERED && nowMs - entry.atMs < REMEMBERED_MS) return;
    entries.delete(name);
  }
}
