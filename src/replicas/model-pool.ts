import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Maybe } from '../core/maybe.js';
import type { Charge } from './fair-accounts.js';
import type { FairShare } from './fair-share.js';
import type { FailureKind } from './health.js';
import type { OfferedModel, Replica } from './model.js';
import { RetryBudget } from './retry-budget.js';
import { Seats, type Asked, type Place } from './seats.js';
import type { Server } from './server.js';
import { Turn, type TurnPool } from './turn.js';
import { WaitingLine } from './waiting-line.js';

/** A request on its way in. `waits` is called when it has to wait, before the promise is there. */
export interface Arriving extends Asked {
  share: FairShare;
  waits(wait: Wait): void;
}

/** The wait of one request. */
export interface Wait {
  /** Gives up. */
  leave(why: Refusal): void;
  /** Place among those that wait for the same model, 1 = next; null = it waits no more. */
  place(): number | null;
}

interface Waiter {
  asked: Asked;
  share: FairShare;
  tried: readonly string[];
  since: number;
  admit(place: Place, charge: Charge | null): void;
  refuse(why: Refusal): void;
}

const RETRY_AFTER_SECONDS = '5';
/** A client that says how long it waits gets its refusal so long before, while it still listens. */
const BEFORE_IT_LEAVES_MS = 500;
/** So often within the longest wait a share that gets no turn moves up a class: a low one is on top before its end. */
const CLASS_CHANGES = 3;

/** All replicas of one model: chooses among them, and lets requests wait while all have enough to do. */
export class ModelPool implements TurnPool {
  readonly #clock: Clock;
  readonly #budget: RetryBudget;
  readonly #line = new WaitingLine<Waiter>();
  /** Turns that lost their replica and wait for another. */
  readonly #again = new Map<Turn, Waiter>();
  readonly #seats: Seats;
  #model: OfferedModel;
  /** Monotonic milliseconds of the last turn of somebody who waited. */
  #turnAt = Number.NEGATIVE_INFINITY;

  constructor(model: OfferedModel, clock: Clock) {
    this.#model = model;
    this.#clock = clock;
    this.#seats = new Seats(model, clock);
    this.#budget = new RetryBudget(clock.monotonic);
  }

  get name(): string {
    return this.#model.name;
  }

  get maxInFlight(): number | null {
    return this.#model.maxInFlight;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Monotonic milliseconds since which those who wait had no turn; Infinity when nobody waits. */
  get withoutTurnSince(): number {
    for (const { since } of this.#inTurn()) return Math.max(since, this.#turnAt);
    return Number.POSITIVE_INFINITY;
  }

  /** The model as it is offered from now on, and the server of each of its replicas, in their order. */
  use(model: OfferedModel, serverOf: (replica: Replica) => Server): void {
    this.#model = model;
    this.#seats.use(model, serverOf);
    this.serve();
  }

  /** A place now if there is room, else once there is. Throws or rejects with the refusal when there will be none. */
  enter(arriving: Arriving): Maybe<Turn> {
    this.#budget.request();
    const { prefix, only, share } = arriving;
    const asked = { prefix, only };
    // Room that came with time alone goes to those who wait; what is left then is wanted by none of them.
    this.serve();
    const place = this.#seats.take(asked, NOBODY);
    if (place !== null) {
      const charge = this.#line.pass(share, this.#clock.monotonic());
      return new Turn(this, { place, asked, charge });
    }
    if (!this.#seats.mayWait(asked)) throw this.#noneAvailable(asked);
    this.#makeRoomFor(share);
    return this.#wait(asked, arriving);
  }

  /** Gives room to those who wait, in their order. */
  serve(): void {
    while (this.serveOne());
  }

  /** Gives room to the one whose turn it is. False = nobody got any. */
  serveOne(): boolean {
    if (this.#line.size === 0) return false;
    for (const waiter of this.#inTurn()) {
      const place = this.#seats.take(waiter.asked, waiter.tried);
      if (place !== null) {
        const now = this.#clock.monotonic();
        this.#turnAt = now;
        waiter.admit(place, this.#line.serve(waiter, now));
        return true;
      }
      if (!this.#mayGoOn(waiter)) this.#refuse(waiter, this.#noneAvailable(waiter.asked));
      else if (waiter.asked.only === null && waiter.tried.length === 0) return false;
    }
    return false;
  }

  /** Ends the waiting of those who waited too long, and uses room that came with time. */
  tick(now: number): void {
    for (const waiter of this.#line) {
      if (now - waiter.since < this.#longestWaitMs(waiter.share)) continue;
      this.#refuse(waiter, queueFull(`no replica had room for ${Math.round((now - waiter.since) / 1000)} s`));
    }
    this.serve();
  }

  /** The model is not offered any more. */
  close(): void {
    for (const waiter of this.#line) this.#refuse(waiter, this.#noneAvailable(waiter.asked));
  }

  anotherNow({ asked, tried }: Turn): Place | null {
    if (!this.#seats.mayMove(asked, tried) || !this.#seats.hasRoom(asked, tried) || !this.#budget.spend()) return null;
    return this.#seats.take(asked, tried);
  }

  another(turn: Turn): Maybe<Place | null> {
    const { asked, tried } = turn;
    if (!this.#seats.mayMove(asked, tried) || !this.#budget.spend()) return null;
    const place = this.#seats.take(asked, tried);
    if (place !== null) return place;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        asked,
        share: MOVING,
        tried,
        since: this.#clock.monotonic(),
        admit: resolve,
        refuse: () => resolve(null),
      };
      this.#again.set(turn, waiter);
      this.#line.joinAgain(waiter);
    });
  }

  stopWaiting(turn: Turn): void {
    const waiter = this.#again.get(turn);
    if (waiter === undefined) return;
    this.#again.delete(turn);
    if (this.#line.leave(waiter)) waiter.refuse(new Refusal('client_gone'));
  }

  giveBack({ server, trial }: Place): void {
    if (trial) server.health.trialOver();
    server.leave();
  }

  answered({ server }: Place, prefix: string | null): void {
    server.answered();
    if (prefix !== null) this.#seats.learn(prefix, server.url);
  }

  failed({ server }: Place, kind: FailureKind): void {
    server.failed(kind);
  }

  #wait(asked: Asked, { share, waits }: Arriving): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        asked,
        share,
        tried: NOBODY,
        since: this.#clock.monotonic(),
        admit: (place, charge) => resolve(new Turn(this, { place, asked, charge })),
        refuse: reject,
      };
      this.#line.join(waiter);
      waits({
        leave: (why) => this.#refuse(waiter, why),
        place: () => this.#line.place(waiter, this.#clock.monotonic(), this.#ageMs) || null,
      });
    });
  }

  #longestWaitMs({ patienceMs }: FairShare): number {
    const { maxWaitMs } = this.#model.queue;
    return patienceMs === null ? maxWaitMs : Math.min(maxWaitMs, Math.max(0, patienceMs - BEFORE_IT_LEAVES_MS));
  }

  /** When as many wait as may, the newest of the share with the most for its weight leaves, whoever came last. */
  #makeRoomFor(share: FairShare): void {
    if (this.#line.size < this.#model.queue.maxWaiting) return;
    const displaced = this.#line.displacedBy(share);
    const why = queueFull(`${this.#line.size} requests wait already`);
    if (displaced === null) throw why;
    this.#refuse(displaced, why);
  }

  #inTurn(): Iterable<Waiter> {
    return this.#line.inTurn(this.#clock.monotonic(), this.#ageMs);
  }

  get #ageMs(): number {
    return this.#model.queue.maxWaitMs / CLASS_CHANGES;
  }

  /** One that lost its replica needs another one; the rest take any. */
  #mayGoOn({ asked, tried }: Waiter): boolean {
    return tried.length === 0 ? this.#seats.mayWait(asked) : this.#seats.mayMove(asked, tried);
  }

  #refuse(waiter: Waiter, why: Refusal): void {
    if (this.#line.leave(waiter)) waiter.refuse(why);
  }

  #noneAvailable(asked: Asked): Refusal {
    return new Refusal('no_available_replica', {
      reason: this.#seats.describe(asked),
      headers: ['retry-after', RETRY_AFTER_SECONDS],
    });
  }
}

const NOBODY: readonly string[] = [];
/** Of one that had its turn: it waits before all shares and is not charged again. */
const MOVING: FairShare = { name: '', weight: 1, priority: 'high', tokens: 0, patienceMs: null };

function queueFull(reason: string): Refusal {
  return new Refusal('queue_full', { reason, headers: ['retry-after', RETRY_AFTER_SECONDS] });
}
