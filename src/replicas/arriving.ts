import type { Refusal } from '../core/errors.js';
import type { Charge } from './fair-accounts.js';
import type { FairShare } from './fair-share.js';
import type { Attempt } from './lost-places.js';
import type { Asked, Place } from './seats.js';

/** A request on its way in. `waits` is called when it has to wait, before the promise is there. */
export interface Arriving extends Asked {
  share: FairShare;
  /** Null = it cannot be told from others that ask the same. */
  attempt: Attempt | null;
  waits(wait: Wait): void;
}

/** The wait of one request. */
export interface Wait {
  /** Gives up. Where its client is gone (`client_gone`), its place is kept for a while for the next attempt. */
  leave(why: Refusal): void;
  /** Place among those that wait for the same model, 1 = next; null = it waits no more. */
  place(): number | null;
}

/** A request that waits. */
export interface Waiter {
  asked: Asked;
  share: FairShare;
  attempt: Attempt | null;
  /** URLs of the replicas it had a place on. */
  tried: readonly string[];
  /** Monotonic milliseconds since which it counts as waiting: with the place of an earlier attempt, since that one did. */
  since: number;
  /** Monotonic milliseconds since which it waits itself. */
  cameAt: number;
  admit(place: Place, charge: Charge | null): void;
  refuse(why: Refusal): void;
}
