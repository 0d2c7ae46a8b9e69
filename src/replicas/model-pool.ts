import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Maybe } from '../core/maybe.js';
import type { FailureKind } from './health.js';
import type { OfferedModel, Replica } from './model.js';
import { RetryBudget } from './retry-budget.js';
import { Seats, type Asked, type Place } from './seats.js';
import type { Server } from './server.js';
import { Turn, type TurnPool } from './turn.js';
import { FirstComeFirstServed, type WaitingLine } from './waiting-line.js';

/** A request on its way in. `left` hands over what the request calls to give up waiting. */
export interface Arriving extends Asked {
  left(leave: (why: Refusal) => void): void;
}

interface Waiter {
  asked: Asked;
  tried: readonly string[];
  since: number;
  admit(place: Place): void;
  refuse(why: Refusal): void;
}

const RETRY_AFTER_SECONDS = '5';

/** All replicas of one model: chooses among them, and lets requests wait while all have enough to do. */
export class ModelPool implements TurnPool {
  readonly #clock: Clock;
  readonly #budget: RetryBudget;
  readonly #line: WaitingLine<Waiter> = new FirstComeFirstServed();
  /** Turns that lost their replica and wait for another. */
  readonly #again = new Map<Turn, Waiter>();
  readonly #seats: Seats;
  #model: OfferedModel;

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

  /** Monotonic milliseconds since which somebody waits; Infinity when nobody does. */
  get waitingSince(): number {
    for (const { since } of this.#line) return since;
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
    const asked = { prefix: arriving.prefix, only: arriving.only };
    // Room that came with time alone goes to those who wait; what is left then is wanted by none of them.
    this.serve();
    const place = this.#seats.take(asked, NOBODY);
    if (place !== null) return new Turn(this, place, asked);
    if (!this.#seats.mayWait(asked)) throw this.#noneAvailable(asked);
    if (this.#line.size >= this.#model.queue.maxWaiting) throw queueFull(`${this.#line.size} requests wait already`);
    return this.#wait(asked, arriving);
  }

  /** Gives room to those who wait, in their order. */
  serve(): void {
    if (this.#line.size === 0) return;
    for (const waiter of this.#line) {
      const place = this.#seats.take(waiter.asked, waiter.tried);
      if (place !== null) {
        this.#line.leave(waiter);
        waiter.admit(place);
      } else if (!this.#mayGoOn(waiter)) {
        this.#refuse(waiter, this.#noneAvailable(waiter.asked));
      } else if (waiter.asked.only === null && waiter.tried.length === 0) {
        return;
      }
    }
  }

  /** Ends the waiting of those who waited too long, and uses room that came with time. */
  tick(now: number): void {
    const { maxWaitMs } = this.#model.queue;
    for (const waiter of this.#line) {
      if (now - waiter.since >= maxWaitMs)
        this.#refuse(waiter, queueFull(`no replica had room for ${maxWaitMs / 1000} s`));
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
        tried,
        since: this.#clock.monotonic(),
        admit: resolve,
        refuse: () => resolve(null),
      };
      this.#again.set(turn, waiter);
      this.#line.join(waiter, 'first');
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

  #wait(asked: Asked, { left }: Arriving): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        asked,
        tried: NOBODY,
        since: this.#clock.monotonic(),
        admit: (place) => resolve(new Turn(this, place, asked)),
        refuse: reject,
      };
      this.#line.join(waiter, 'last');
      left((why) => this.#refuse(waiter, why));
    });
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

function queueFull(reason: string): Refusal {
  return new Refusal('queue_full', { reason, headers: ['retry-after', RETRY_AFTER_SECONDS] });
}
