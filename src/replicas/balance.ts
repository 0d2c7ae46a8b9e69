import type { BalanceName } from './model.js';

/** A replica with room, as a policy sees it. */
export interface Candidate {
  url: string;
  /** Requests that run on it now, those of other models too. */
  inFlight: number;
  /** Its share, at least 1. */
  weight: number;
  /** Grows with every request it is given, less for a larger share; the smallest is next in turn. */
  turn: number;
}

/** What of the request the choice may depend on. */
export interface Wish {
  /** The replica that holds the beginning of this conversation; null = unknown. */
  home: string | null;
}

/**
 * Orders the replicas that can take a request, best first. Pure: the same candidates in the same order
 * give the same answer, none is lost and none is made up.
 */
export type Balance = <Seat extends Candidate>(candidates: readonly Seat[], wish: Wish) => Seat[];

/** How much busier than the mean the home of a conversation may be before another replica is better. */
const AFFINITY_LOAD_CAP = 1.25;
/** Below this many requests above the mean a difference is chance and no load. */
const AFFINITY_SLACK = 2;

export const BALANCES: Readonly<Record<BalanceName, Balance>> = {
  least_load: (candidates) => candidates.toSorted((a, b) => a.inFlight - b.inFlight || a.turn - b.turn),
  round_robin: (candidates) => candidates.toSorted((a, b) => a.turn - b.turn),
  weighted_least_load: byShareOfLoad,
  prefix_affinity(candidates, { home }) {
    const others = byShareOfLoad(candidates);
    const at = others.findIndex(({ url }) => url === home);
    const wanted = others[at];
    if (wanted === undefined || isOverloaded(wanted, candidates)) return others;
    return [wanted, ...others.filter((other) => other !== wanted)];
  },
};

function byShareOfLoad<Seat extends Candidate>(candidates: readonly Seat[]): Seat[] {
  return candidates.toSorted((a, b) => a.inFlight / a.weight - b.inFlight / b.weight || a.turn - b.turn);
}

/** Whether one more request would put a replica above its share of all that runs by more than the cap. */
function isOverloaded(home: Candidate, candidates: readonly Candidate[]): boolean {
  let running = 1;
  let weights = 0;
  for (const { inFlight, weight } of candidates) {
    running += inFlight;
    weights += weight;
  }
  const share = (running * home.weight) / weights;
  return home.inFlight + 1 > Math.ceil(share * AFFINITY_LOAD_CAP) + AFFINITY_SLACK;
}
