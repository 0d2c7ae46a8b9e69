import type { Replica, Timeouts } from '../replicas/model.js';

/** Where a stored response lies and who may read it. */
export interface StoredResponse {
  /** The owner of the key that made it, or the caller's id when the key has none. */
  holder: string;
  model: string;
  replica: Replica;
  timeouts: Timeouts;
}

const MAX_REMEMBERED = 50_000;
/** The id stands at the beginning of the answer, in its first event or as its first member. */
const LOOKED_AT_BYTES = 4096;
const RESPONSE_ID = /"id"\s*:\s*"(resp[A-Za-z0-9_-]{1,128})"/;

/**
 * Remembers which caller made which response on which server, so that nobody reads or continues
 * another's. In memory and bounded: what is forgotten, or was made before a restart, is not found.
 */
export interface ResponseOwners {
  learn(opening: Buffer, stored: StoredResponse): void;
  find(id: string, holder: string): StoredResponse | null;
}

export function createResponseOwners(): ResponseOwners {
  const known = new Map<string, StoredResponse>();
  return {
    learn(opening, stored) {
      const id = RESPONSE_ID.exec(opening.toString('latin1', 0, LOOKED_AT_BYTES))?.[1];
      if (id === undefined) return;
      known.set(id, stored);
      if (known.size > MAX_REMEMBERED) known.delete(known.keys().next().value ?? id);
    },
    find(id, holder) {
      const stored = known.get(id);
      return stored !== undefined && stored.holder === holder ? stored : null;
    },
  };
}
