import type { Reservation } from '../limits/limit-store.js';
import { eachEvent } from '../upstream/each-event.js';
import type { AnswerTap } from '../upstream/relay-settings.js';
import type { OpenRow, Settlement } from '../usage/ledger.js';
import type { Counted, Meter } from '../usage/meter.js';
import type { Exchange } from './exchange.js';

/** Output tokens taken at a time once those that were reserved are used up. */
const STEP = 256;
/** No engine says a token of a stream in fewer bytes than these, its event included. */
const LEAST_BYTES_A_TOKEN = 4;

export interface AdmissionParts {
  reservation: Reservation;
  row: OpenRow;
  /** Estimate of the prompt, reserved. */
  inputTokens: number;
  /** Monotonic milliseconds. */
  admittedAt: number;
  /** Reads the answer; called once its head is known. */
  meterFor(answer: { type: string; isStream: boolean }): Meter;
  now(): number;
}

/**
 * What an admitted request took: its reservation, its open row in the ledger, and what its answer was
 * seen to use. Holds a stream to what its budgets have left, event by event, and settles once.
 */
export class Admission implements AnswerTap {
  readonly #parts: AdmissionParts;
  #meter: Meter | null = null;
  /** Something of it may have reached the server it was sent to last. */
  #begun = false;
  #answered = false;
  #isStream = false;
  #isLines = false;
  #spent = false;
  /** The event that went over the budget did not travel on. */
  #cut = false;
  #sentAt: number | null = null;
  #settled: Settlement | null = null;
  /** Counts the milliseconds of the engine that fall to this request. */
  #engineClock: () => number;
  #engineAt = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#engineClock = parts.now;
  }

  /** It has a place on a server that works on others too: `dividedMs` goes on with the time that falls to each. */
  runsOn(place: { readonly dividedMs: number }): void {
    this.#engineClock = () => place.dividedMs;
  }

  /** It is on its way to a server, for the first time or again; in monotonic milliseconds. */
  sending(now: number): void {
    this.#sentAt = now;
    this.#begun = false;
    this.#engineAt = this.#engineClock();
  }

  /** What it came to, as the ledger has it; null while it runs. */
  get settled(): Settlement | null {
    return this.#settled;
  }

  /** Input and output as known by now. */
  get tokens(): number {
    const { inputTokens, outputTokens } = this.#used();
    return (inputTokens ?? this.#parts.inputTokens) + outputTokens;
  }

  started(): void {
    this.#begun = true;
  }

  begin({ status, type, isStream }: { status: number; type: string; isStream: boolean }): void {
    this.#answered = true;
    if (status < 200 || status > 299) return;
    this.#isStream = isStream;
    this.#isLines = type.startsWith('application/x-ndjson');
    this.#meter = this.#parts.meterFor({ type, isStream });
  }

  /** Counts with a meter that somebody else feeds: the answer is no body. */
  follow(meter: Meter): void {
    this.#answered = true;
    this.#meter = meter;
  }

  /** False when what the meter has counted is more than the budgets have. */
  mayGoOn(): boolean {
    const needed = this.#meter?.outputTokens ?? 0;
    return needed <= this.#granted || this.#extend(needed);
  }

  push(bytes: Buffer): Buffer {
    const meter = this.#meter;
    if (meter === null || this.#spent) return bytes;
    if (this.#isStream && meter.outputTokens + bytes.length / LEAST_BYTES_A_TOKEN > this.#granted)
      return this.#pushEach(meter, bytes);
    const shown = meter.push(bytes);
    // A total that the engine tells can be more than the bytes that went by look like.
    this.#spent = this.#isStream && !this.mayGoOn();
    return shown;
  }

  get spent(): boolean {
    return this.#spent;
  }

  /** Gives back what was not used and closes the row. */
  settle(exchange: Exchange): void {
    const { reservation, row, admittedAt, now } = this.#parts;
    const end = now();
    const settlement = this.#settlement(exchange, { end, admittedAt });
    this.#settled = settlement;
    if (!this.#worked) reservation.cancel();
    else reservation.settle(settlement);
    row.settle(settlement);
  }

  /** An engine may have had to do with it. */
  get #worked(): boolean {
    return this.#begun || this.#answered;
  }

  get #granted(): number {
    return this.#parts.reservation.outputTokens;
  }

  /** Near the end of what was granted: one event after the other, so that the last is the last one paid for. */
  #pushEach(meter: Meter, bytes: Buffer): Buffer {
    const passed: Buffer[] = [];
    for (const event of eachEvent(bytes, this.#isLines)) {
      const shown = meter.push(event);
      if (!this.mayGoOn()) {
        this.#spent = true;
        this.#cut = true;
        break;
      }
      passed.push(shown);
    }
    return passed.length === 1 ? (passed[0] ?? bytes) : Buffer.concat(passed);
  }

  /** Takes more, in steps; false when a budget is gone. */
  #extend(needed: number): boolean {
    const { reservation, row } = this.#parts;
    const more = Math.max(STEP, needed - reservation.outputTokens);
    if (reservation.extend(more) > 0) row.extended(reservation.outputTokens);
    return reservation.outputTokens >= needed;
  }

  #settlement(exchange: Exchange, { end, admittedAt }: { end: number; admittedAt: number }): Settlement {
    const used = this.#used();
    const workedMs = this.#worked ? this.#engineClock() - this.#engineAt : 0;
    const told = used.gpuSeconds;
    return {
      inputTokens: used.inputTokens ?? this.#parts.inputTokens,
      outputTokens: this.#cut ? this.#granted : used.outputTokens,
      cachedTokens: used.cachedTokens,
      certainty: used.inputTokens === null ? 'estimated' : used.certainty,
      gpuSeconds: told ?? workedMs / 1000,
      gpuCertainty: told === null ? 'estimated' : 'reported',
      status: exchange.status,
      code: exchange.code,
      queuedMs: (this.#sentAt ?? end) - admittedAt,
      firstByteMs: exchange.firstByteMs,
      durationMs: end - admittedAt,
    };
  }

  #used(): Counted {
    if (this.#meter !== null) return this.#meter.counted();
    // Never sent, or refused by the engine: it did no work. Sent and never answered: it read the prompt.
    const worked = this.#begun && !this.#answered;
    return {
      ...NOTHING,
      inputTokens: worked ? null : 0,
      certainty: worked ? 'estimated' : 'counted',
      gpuSeconds: worked ? null : 0,
    };
  }
}

const NOTHING: Counted = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: null,
  certainty: 'counted',
  gpuSeconds: null,
};
