import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../core/clock.js';
import type { Ask } from './ask.js';
import { objectIn } from './json.js';

const MAX_SET_BYTES = 262_144;
/** Keys are fetched anew when they are older than this. */
const FRESH_MS = 600_000;
/** A token with an unknown key id makes us look again, but not more often than this. */
const LOOK_AGAIN_MS = 10_000;

/** The keys could not be fetched and none are known. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeySetSettings {
  uri: string;
  timeoutMs: number;
  caFile: string | null;
  /** What the server of the keys wants to see, if it wants any. */
  token: string | null;
}

/** The public keys of an issuer. Known keys go on being used while their server is away. */
export interface KeySet {
  keys(): Promise<JWTVerifyGetKey>;
  /** Fetches anew for a key id that is not among the known ones; false when that was done a moment ago. */
  lookAgain(): Promise<boolean>;
}

export function createKeySet(settings: KeySetSettings, { ask, clock }: { ask: Ask; clock: Clock }): KeySet {
  let known: { keys: JWTVerifyGetKey; at: number } | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let underway: Promise<void> | null = null;

  const fetchOnce = (): Promise<void> => {
    underway ??= fetchKeys(settings, ask)
      .then((keys) => {
        askedAt = clock.monotonic();
        if (keys !== null) known = { keys, at: askedAt };
      })
      .finally(() => (underway = null));
    return underway;
  };
  const isDue = (): boolean => clock.monotonic() - askedAt >= LOOK_AGAIN_MS;
  return {
    async keys() {
      const old = known === null || clock.monotonic() - known.at >= FRESH_MS;
      if (known === null || (old && isDue())) await fetchOnce();
      if (known === null) throw new KeysUnavailable('the keys of the issuer cannot be fetched');
      return known.keys;
    },
    async lookAgain() {
      if (!isDue()) return false;
      await fetchOnce();
      return true;
    },
  };
}

async function fetchKeys({ uri, timeoutMs, caFile, token }: KeySetSettings, ask: Ask): Promise<JWTVerifyGetKey | null> {
  const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const asked = await ask(uri, { method: 'GET', headers, body: null, timeoutMs, maxBytes: MAX_SET_BYTES, caFile });
  if (!asked.ok || asked.status !== 200) return null;
  try {
    return createLocalJWKSet(objectIn(asked.body) as unknown as JSONWebKeySet);
  } catch {
    return null;
  }
}
