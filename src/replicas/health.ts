/** What a replica is, in one word. */
export type Condition =
  /** Takes requests. */
  | 'up'
  /** The probe says no. */
  | 'down'
  /** Failed under requests: gets none for a while, then one to try. */
  | 'ejected'
  /** Gets no new requests because someone wants it so. */
  | 'draining'
  /** Was never ready and may still become it. */
  | 'starting'
  /** Not asked yet. */
  | 'unknown';

/** What a probe found. `detail` is the rest of a sentence that begins with the replica. */
export type Verdict =
  | { ready: true; detail: string | null }
  | {
      ready: false;
      /** `refused`: nobody listens, which costs nothing to find out again. `late`: no answer in time. */
      kind: 'refused' | 'late' | 'says_no' | 'broken';
      detail: string;
    };

/** What went wrong with a request before anything of its answer came. */
export type FailureKind =
  /** The connection was refused. */
  | 'refused'
  /** No connection in time. */
  | 'late'
  /** The connection broke after the request was sent. */
  | 'broke'
  /** It answered that it still loads. */
  | 'loading';

/** Why a replica is drained: `restart` = it comes back by itself, so requests may wait for it. */
export type DrainReason = 'operator' | 'restart';

const FIRST_EJECTION_MS = 1000;
const LONGEST_EJECTION_MS = 30_000;
/** After so long without a failure the next ejection is a first one again. */
const FORGIVEN_AFTER_MS = 120_000;
/** Broken connections in a row that are more than bad luck. */
const BROKEN_IN_A_ROW = 3;
/** A recovered replica gets its full load back over this time. */
const RAMP_MS = 10_000;

const WORDS: Readonly<Record<FailureKind, string>> = {
  refused: 'refuses connections',
  late: 'does not accept connections in time',
  broke: 'breaks off connections before it answers',
  loading: 'is loading its model',
};

/**
 * Whether one replica takes requests: the only place that decides it, from what probes say, from what
 * happens to requests, and from what the operator wants. A status of 400 to 499 never counts against it.
 * Times are monotonic milliseconds.
 */
export class Health {
  /** A readiness probe of the operator's own: nothing is sent before it says yes. */
  strict: boolean;
  graceMs: number;
  #verdict: Verdict | null = null;
  #lateInARow = 0;
  #everReady = false;
  readonly #knownSince: number;
  #lastLifeAt = Number.NEGATIVE_INFINITY;
  #brokenInARow = 0;
  #ejectedUntil: number | null = null;
  #ejectedFor: FailureKind = 'refused';
  #ejections = 0;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #trial = false;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  #drained: DrainReason | null = null;

  constructor(settings: { strict: boolean; graceMs: number; now: number }) {
    this.strict = settings.strict;
    this.graceMs = settings.graceMs;
    this.#knownSince = settings.now;
  }

  condition(now: number): Condition {
    if (this.#drained !== null) return 'draining';
    if (this.#verdict === null) return this.#ejectedUntil === null ? 'unknown' : 'ejected';
    if (this.#verdict.ready) return this.#ejectedUntil === null ? 'up' : 'ejected';
    const mayStart = !this.#everReady && this.#verdict.kind !== 'refused' && now - this.#knownSince < this.graceMs;
    return mayStart && this.#verdict.kind !== 'broken' ? 'starting' : 'down';
  }

  /** The rest of a sentence that begins with the replica, or null when there is nothing to say. */
  get detail(): string | null {
    if (this.#drained !== null)
      return this.#drained === 'operator' ? 'is drained by the operator' : 'is being restarted';
    if (this.#verdict !== null && !this.#verdict.ready) return this.#verdict.detail;
    if (this.#ejectedUntil !== null) return WORDS[this.#ejectedFor];
    return this.#verdict?.detail ?? null;
  }

  /** Until when no request is tried; null = not ejected. */
  get ejectedUntil(): number | null {
    return this.#ejectedUntil;
  }

  /** Whether it may take requests at all, room aside. */
  isAvailable(now: number): boolean {
    return this.room(now, 1) > 0;
  }

  /** How many requests it may have now, of the `slots` it has. 0 = it is not available. */
  room(now: number, slots: number): number {
    const condition = this.condition(now);
    if (condition === 'up') return this.#ramped(now, slots);
    if (condition === 'unknown') return this.strict ? 0 : slots;
    const mayBeTried =
      condition === 'ejected' && !this.#trial && this.#ejectedUntil !== null && now >= this.#ejectedUntil;
    return mayBeTried ? slots : 0;
  }

  /**
   * The same when no replica of a model is available: one that only failed under requests, or refused
   * the last connection, is better asked than not, as long as that costs next to nothing.
   */
  lastResort(now: number, slots: number): number {
    const condition = this.condition(now);
    if (condition === 'ejected') return this.#ejectedFor === 'late' ? 0 : slots;
    const refused = condition === 'down' && this.#verdict?.ready === false && this.#verdict.kind === 'refused';
    return refused && !this.strict && !this.#trial ? slots : 0;
  }

  /** Not available now, and known to come back by itself shortly: waiting for it makes sense. */
  get comesBack(): boolean {
    return this.#drained === 'restart' || (this.#drained === null && this.#verdict === null && this.strict);
  }

  /** A request was given to it. True when it is a trial whose end must be told with `trialOver`. */
  take(now: number): boolean {
    const condition = this.condition(now);
    if (condition === 'up' || condition === 'unknown') return false;
    this.#trial = true;
    return true;
  }

  trialOver(): void {
    this.#trial = false;
  }

  /** Answers, whatever it says, short of "I still load". */
  answered(now: number): void {
    this.#lastLifeAt = now;
    this.#brokenInARow = 0;
    const wasRefused = this.#verdict?.ready === false && this.#verdict.kind === 'refused';
    if (wasRefused && !this.strict) this.#verdict = { ready: true, detail: null };
    if (wasRefused || this.#ejectedUntil !== null) this.#recoveredAt = now;
    this.#ejectedUntil = null;
  }

  /** A request failed before its answer began. True when that ejected it. */
  failed(kind: FailureKind, now: number): boolean {
    this.#brokenInARow += 1;
    if (kind === 'broke' && this.#brokenInARow < BROKEN_IN_A_ROW && this.#ejectedUntil === null) return false;
    const running = this.#ejectedUntil !== null && now < this.#ejectedUntil;
    if (running) return false;
    if (now - this.#lastFailureAt > FORGIVEN_AFTER_MS) this.#ejections = 0;
    this.#lastFailureAt = now;
    this.#ejectedFor = kind;
    this.#ejectedUntil = now + Math.min(FIRST_EJECTION_MS * 2 ** this.#ejections, LONGEST_EJECTION_MS);
    this.#ejections += 1;
    return true;
  }

  /** A probe that was sent at `askedAt` came to its end. */
  probed(verdict: Verdict, askedAt: number, now: number): void {
    this.#lateInARow = !verdict.ready && verdict.kind === 'late' ? this.#lateInARow + 1 : 0;
    const before = this.#verdict;
    // An engine deep in a prompt may leave one question waiting, or answer requests and no questions.
    if (this.#lateInARow > 0 && before?.ready === true && (this.#lateInARow < 2 || this.#lastLifeAt >= askedAt)) return;
    this.#verdict = verdict;
    if (!verdict.ready) return;
    this.#everReady = true;
    if (before === null || before.ready) return;
    this.#recoveredAt = now;
    // It was really away and is back: one request may try it now.
    if (this.#ejectedUntil !== null) this.#ejectedUntil = Math.min(this.#ejectedUntil, now);
  }

  drain(reason: DrainReason): void {
    this.#drained = reason;
  }

  resume(now: number): void {
    if (this.#drained === null) return;
    this.#drained = null;
    this.#recoveredAt = now;
  }

  #ramped(now: number, slots: number): number {
    const share = (now - this.#recoveredAt) / RAMP_MS;
    return share >= 1 ? slots : Math.max(1, Math.ceil(slots * share));
  }
}
