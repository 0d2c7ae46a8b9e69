import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { Health, type Condition, type FailureKind } from './health.js';
import type { Readiness, Replica } from './model.js';
import type { Probe } from './probe.js';
import { askReady, askSlots } from './readiness.js';

/** Requests at one time on a replica whose engine does not tell how many it works on. */
const USUAL_SLOTS = 8;
/** Who asked to be left alone is left alone so long, as long as others have room. */
const REST_MS = 5000;
/** How soon a replica that is not ready is asked again, where no probe of the operator's own sets the pace. */
const ASK_AGAIN_MS = 1000;

export interface ServerParts {
  probe: Probe;
  clock: Clock;
  log: Log;
  /** It became available, or ceased to be. */
  changed(server: Server): void;
  /** A request less runs on it. */
  roomier(server: Server): void;
}

/** One model server as the pools share it: what is observed about it, kept by its URL. */
export class Server {
  readonly url: string;
  readonly health: Health;
  replica: Replica;
  /** Requests that run on it now, of all models. */
  inFlight = 0;
  /** Milliseconds in which it worked, each divided among the requests that ran, up to `#dividedAt`. */
  #dividedMs = 0;
  #dividedAt: number;
  readonly #parts: ServerParts;
  #readiness: Readiness;
  #slots: number | null = null;
  #nextAskAt: number;
  #asking = false;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #told: Condition = 'unknown';
  #idle: (() => void)[] = [];

  constructor(replica: Replica, readiness: Readiness, parts: ServerParts) {
    const now = parts.clock.monotonic();
    this.url = replica.url;
    this.replica = replica;
    this.#readiness = readiness;
    this.#parts = parts;
    this.#nextAskAt = now;
    this.#dividedAt = now;
    this.health = new Health({ strict: readiness.path !== null, graceMs: readiness.startupGraceMs, now });
  }

  /** After a reload or a new look: what is configured is new, what was observed stays. */
  use(replica: Replica, readiness: Readiness): void {
    const isNew = replica.engine !== this.replica.engine || replica.apiKey?.reveal() !== this.replica.apiKey?.reveal();
    this.replica = replica;
    this.#readiness = readiness;
    this.health.strict = readiness.path !== null;
    this.health.graceMs = readiness.startupGraceMs;
    if (isNew) this.askSoon();
  }

  /** How many requests it may have now; `configured` wins over what its engine tells. 0 = it is not available. */
  room(now: number, configured: number | null): number {
    return this.health.room(now, this.slots(configured));
  }

  /** The same when no replica of a model is available. */
  lastResort(now: number, configured: number | null): number {
    return this.health.lastResort(now, this.slots(configured));
  }

  /** Most requests at one time. */
  slots(configured: number | null): number {
    return configured ?? this.#slots ?? USUAL_SLOTS;
  }

  /**
   * A count of milliseconds that goes on as long as something runs here, for one request as fast as the clock, for
   * two half as fast: by how much it went on is the time of the engine that fell to a request. What all requests
   * had together is the time in which at least one ran.
   */
  get dividedMs(): number {
    this.#divide();
    return this.#dividedMs;
  }

  /** One request more runs here. True = it is a trial. */
  take(): boolean {
    this.#divide();
    this.inFlight += 1;
    return this.health.take(this.#parts.clock.monotonic());
  }

  answered(): void {
    this.health.answered(this.#parts.clock.monotonic());
    this.review();
  }

  failed(kind: FailureKind): void {
    // Whether it is really gone is asked at once; until then others get the requests.
    if (this.health.failed(kind, this.#parts.clock.monotonic())) this.askSoon();
    this.review();
  }

  /** It answered that it has enough to do for now. */
  rest(): void {
    this.#restsUntil = this.#parts.clock.monotonic() + REST_MS;
  }

  /** Others are to be asked before it. */
  rests(now: number): boolean {
    return now < this.#restsUntil;
  }

  askSoon(): void {
    this.#nextAskAt = this.#parts.clock.monotonic();
  }

  /** Asks when it is time to; called a few times a second for all servers. */
  tick(now: number): void {
    if (this.#asking || now < this.#nextAskAt) return;
    this.#asking = true;
    void this.#ask(now).finally(() => {
      this.#asking = false;
    });
  }

  /** Says once what changed, and tells those who wait for room. */
  review(): void {
    const { clock, changed } = this.#parts;
    const condition = this.health.condition(clock.monotonic());
    if (condition === this.#told) return;
    this.#log(this.#told, condition);
    this.#told = condition;
    changed(this);
  }

  /** One request less runs here. */
  leave(): void {
    this.#divide();
    this.inFlight -= 1;
    this.#parts.roomier(this);
    if (this.inFlight > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Resolves when no request runs here. */
  whenIdle(): Promise<void> {
    return this.inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #divide(): void {
    const now = this.#parts.clock.monotonic();
    if (this.inFlight > 0) this.#dividedMs += (now - this.#dividedAt) / this.inFlight;
    this.#dividedAt = now;
  }

  async #ask(askedAt: number): Promise<void> {
    const { probe, clock } = this.#parts;
    const { replica } = this;
    const readiness = this.#readiness;
    const verdict = await askReady(replica, readiness, probe);
    const slots = verdict.ready ? await askSlots(replica, probe, readiness.timeoutMs) : null;
    if (slots !== null) this.#slots = slots;
    const now = clock.monotonic();
    this.health.probed(verdict, askedAt, now);
    const soon = !verdict.ready && readiness.path === null;
    this.#nextAskAt = now + (soon ? Math.min(readiness.intervalMs, ASK_AGAIN_MS) : readiness.intervalMs);
    this.review();
  }

  /** What the finder sees by itself it logs; here stands what only requests, probes of one's own and operators know. */
  #log(before: Condition, after: Condition): void {
    const { strict, detail } = this.health;
    const ours = (condition: Condition): boolean =>
      condition === 'ejected' || condition === 'draining' || (strict && condition !== 'unknown');
    const data = { replica: this.url, state: after };
    if (after === 'up') {
      if (ours(before)) this.#parts.log.info(data, `${this.url} takes requests again.`);
    } else if (ours(after)) {
      this.#parts.log.warn(data, `${this.url} gets no requests now: it ${detail ?? 'is not ready'}.`);
    }
  }
}
