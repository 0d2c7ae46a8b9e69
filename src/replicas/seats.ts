import type { Clock } from '../core/clock.js';
import { Affinity } from './affinity.js';
import { BALANCES, type Candidate } from './balance.js';
import type { OfferedModel, Replica } from './model.js';
import type { Server } from './server.js';

/** What the choice of a replica depends on. */
export interface Asked {
  /** Names the beginning of the conversation, for `prefix_affinity`; null = it has none. */
  prefix: string | null;
  /** URL of the only replica it may go to; null = any. */
  only: string | null;
}

/** Room on a server that was taken for one request. */
export interface Place {
  readonly server: Server;
  readonly replica: Replica;
  /** The one request that finds out whether a failing server works again. */
  readonly trial: boolean;
}

/** A server as one replica of one model. */
class Seat implements Candidate {
  readonly server: Server;
  readonly replica: Replica;
  readonly url: string;
  readonly weight: number;
  turn: number;

  constructor({ server, replica, weight, turn }: Pick<Seat, 'server' | 'replica' | 'weight' | 'turn'>) {
    this.server = server;
    this.replica = replica;
    this.url = replica.url;
    this.weight = weight;
    this.turn = turn;
  }

  get inFlight(): number {
    return this.server.inFlight;
  }
}

/** The replicas of one model and the choice among them. */
export class Seats {
  readonly #clock: Clock;
  readonly #homes = new Affinity();
  #model: OfferedModel;
  #seats: Seat[] = [];
  /** The turn of the replica chosen last: one that was away goes on from here and makes up for nothing. */
  #turn = 0;

  constructor(model: OfferedModel, clock: Clock) {
    this.#model = model;
    this.#clock = clock;
  }

  /** The model as it is offered from now on, and the server of each of its replicas, in their order. */
  use(model: OfferedModel, serverOf: (replica: Replica) => Server): void {
    const turns = new Map(this.#seats.map(({ url, turn }) => [url, turn]));
    const isShared = model.balance === 'weighted_least_load' || model.balance === 'prefix_affinity';
    this.#model = model;
    this.#seats = model.replicas.map((replica) => {
      const server = serverOf(replica);
      const weight = isShared ? replica.weight : 1;
      return new Seat({ server, replica, weight, turn: turns.get(replica.url) ?? this.#turn });
    });
  }

  /** Takes room on the best replica that has some and is not among those `tried`. Null = there is none. */
  take(asked: Asked, tried: readonly string[]): Place | null {
    const open = this.#open(asked, tried);
    if (open.length === 0) return null;
    const home = asked.prefix === null ? null : this.#homes.home(asked.prefix);
    const [seat] = open.length === 1 ? open : BALANCES[this.#model.balance](open, { home });
    if (seat === undefined) return null;
    this.#turn = Math.max(seat.turn, this.#turn);
    seat.turn = this.#turn + 1 / seat.weight;
    return { server: seat.server, replica: seat.replica, trial: seat.server.take() };
  }

  /** This replica holds the beginning of that conversation from now on. */
  learn(prefix: string, url: string): void {
    this.#homes.learn(prefix, url);
  }

  hasRoom(asked: Asked, tried: readonly string[]): boolean {
    return this.#open(asked, tried).length > 0;
  }

  /** Whether a request that had a place on `tried` can find another replica, with room or not. */
  mayMove({ only }: Asked, tried: readonly string[]): boolean {
    const now = this.#clock.monotonic();
    return (
      only === null && this.#seats.some(({ url, server }) => !tried.includes(url) && server.health.isAvailable(now))
    );
  }

  /** Room can be expected: some replica is available and has enough to do, or comes back shortly. */
  mayWait({ only }: Asked): boolean {
    const now = this.#clock.monotonic();
    const { maxInFlight } = this.#model;
    return this.#seats.some(({ url, server }) => {
      if (only !== null && url !== only) return false;
      return server.health.isAvailable(now) || server.health.comesBack || server.lastResort(now, maxInFlight) > 0;
    });
  }

  /** Why none is available, in sentences for operators. */
  describe({ only }: Asked): string {
    const seats = this.#seats.filter(({ url }) => only === null || url === only);
    if (seats.length === 0) return 'the model has no replica now';
    return seats.map(({ url, server }) => `${url} ${server.health.detail ?? 'is not available'}`).join('; ');
  }

  /** The replicas with room: the available ones, or when there are none, those that may be tried as a last resort. */
  #open({ only }: Asked, tried: readonly string[]): Seat[] {
    const now = this.#clock.monotonic();
    const { maxInFlight } = this.#model;
    const fits = ({ url }: Seat): boolean => (only === null || url === only) && !tried.includes(url);
    const open = this.#seats.filter((seat) => fits(seat) && seat.inFlight < seat.server.room(now, maxInFlight));
    if (open.length > 0) return preferAwake(open, now);
    if (tried.length > 0 || this.#isAnyAvailable(only, now)) return open;
    return this.#seats.filter((seat) => fits(seat) && seat.inFlight < seat.server.lastResort(now, maxInFlight));
  }

  #isAnyAvailable(only: string | null, now: number): boolean {
    return this.#seats.some(({ url, server }) => (only === null || url === only) && server.health.isAvailable(now));
  }
}

/** Those that did not just ask for a rest, unless all did. */
function preferAwake(seats: Seat[], now: number): Seat[] {
  if (seats.length === 1) return seats;
  const awake = seats.filter(({ server }) => !server.rests(now));
  return awake.length > 0 ? awake : seats;
}
