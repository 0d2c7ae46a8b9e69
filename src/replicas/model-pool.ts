import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Maybe } from '../core/maybe.js';
import type { Arriving, Waiter } from './arriving.js';
import type { Seniority } from './fair-queue.js';
import type { FairShare } from './fair-share.js';
import type { FailureKind } from './health.js';
import type { LostPlaces } from './lost-places.js';
import type { OfferedModel, Replica } from './model.js';
import { noneAvailable, queueFull } from './no-room.js';
import { RetryBudget } from './retry-budget.js';
import { Seats, type Asked, type Place } from './seats.js';
import type { Server } from './server.js';
import { Turn, type TurnPool } from './turn.js';
import { WaitingLine } from './waiting-line.js';

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
  readonly #lost: LostPlaces<ModelPool, Seniority>;
  #model: OfferedModel;
  /** Monotonic milliseconds of the last turn of somebody who waited. */
  #turnAt = Number.NEGATIVE_INFINITY;

  constructor(model: OfferedModel, clock: Clock, lost: LostPlaces<ModelPool, Seniority>) {
    this.#model = model;
    this.#clock = clock;
    this.#lost = lost;
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
    const { prefix, only, share, attempt } = arriving;
    const asked = { prefix, only };
    const inherited = attempt === null ? null : this.#lost.claim(attempt, this);
    // Room that came with time alone goes to those who wait; what is left then is wanted by none of them.
    this.serve();
    const place = this.#seats.take(asked, NOBODY);
    if (place !== null) {
      const charge = this.#line.pass(share, this.#clock.monotonic());
      return new Turn(this, { place, asked, charge });
    }
    if (!this.#seats.mayWait(asked)) throw this.#noneAvailable(asked);
    this.#makeRoomFor(share, inherited);
    return this.#wait(asked, arriving, inherited);
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
      const waitedMs = now - waiter.cameAt;
      if (waitedMs < this.#longestWaitMs(waiter.share)) continue;
      // Its client gives up now, and may come again.
      if (waitedMs < this.#model.queue.maxWaitMs) this.#keepPlace(waiter);
      this.#refuse(waiter, queueFull(`no replica had room for ${Math.round(waitedMs / 1000)} s`));
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
      const now = this.#clock.monotonic();
      const waiter: Waiter = {
        asked,
        share: MOVING,
        attempt: null,
        tried,
        since: now,
        cameAt: now,
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

  busy({ server }: Place): void {
    server.rest();
  }

  #wait(asked: Asked, { share, attempt, waits }: Arriving, inherited: Seniority | null): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const now = this.#clock.monotonic();
      const waiter: Waiter = {
        asked,
        share,
        attempt,
        tried: NOBODY,
        since: inherited?.since ?? now,
        cameAt: now,
        admit: (place, charge) => {
          // Its body is held no longer than it waits.
          waiter.attempt = null;
          resolve(new Turn(this, { place, asked, charge }));
        },
        refuse: reject,
      };
      this.#line.join(waiter, inherited);
      waits({
        leave: (why) => {
          if (why.code === 'client_gone') this.#keepPlace(waiter);
          this.#refuse(waiter, why);
        },
        place: () => this.#line.place(waiter, this.#clock.monotonic(), this.#ageMs) || null,
      });
    });
  }

  #longestWaitMs({ patienceMs }: FairShare): number {
    const { maxWaitMs } = this.#model.queue;
    return patienceMs === null ? maxWaitMs : Math.min(maxWaitMs, Math.max(0, patienceMs - BEFORE_IT_LEAVES_MS));
  }

  /** When as many wait as may, the newest of the share with the most for its weight leaves, whoever came last. */
  #makeRoomFor(share: FairShare, inherited: Seniority | null): void {
    if (this.#line.size < this.#model.queue.maxWaiting) return;
    const displaced = this.#line.displacedBy(share, inherited);
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

  #keepPlace(waiter: Waiter): void {
    const seniority = this.#line.seniority(waiter);
    if (seniority !== null && waiter.attempt !== null) this.#lost.remember(waiter.attempt, this, seniority);
  }

  #refuse(waiter: Waiter, why: Refusal): void {
    if (this.#line.leave(waiter)) waiter.refuse(why);
  }

  #noneAvailable(asked: Asked): Refusal {
    return noneAvailable(this.#seats.describe(asked));
  }
}

const NOBODY: readonly string[] = [];
/** Of one that had its turn: it waits before all shares and is not charged again. */
const MOVING: FairShare = { name: '', weight: 1, priority: 'high', tokens: 0, patienceMs: null };
