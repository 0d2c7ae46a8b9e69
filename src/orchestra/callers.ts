import { parseRanges } from '../core/address.js';
import type { Caller } from '../core/caller.js';

const ANYWHERE = parseRanges([]);
/** What a key of the file may do: all inference, as with the original. */
const SCOPES = ['infer'];

/** Whoever shows a key of the watched file; `id` is the beginning of its digest, in hex. */
export function callerOfKey(id: string, watch: NonNullable<Caller['watch']>): Caller {
  return { ...nobody(`orchestra:${id}`), kind: 'delegate', watch };
}

/** Whoever needs no key because of the place he calls from. */
export function callerOfPlace(address: string, why: 'local' | 'open', watch: NonNullable<Caller['watch']>): Caller {
  return { ...nobody(`${why}:${address}`), kind: 'local', watch };
}

function nobody(id: string): Caller {
  return {
    id,
    kind: 'local',
    owner: null,
    state: 'active',
    ancestorsAlive: true,
    ownerDisabled: false,
    expiresAt: null,
    bounds: [{ scopes: SCOPES, models: [], addresses: ANYWHERE }],
    lineage: [],
    secretSlot: 'current',
    attributes: {},
  };
}
