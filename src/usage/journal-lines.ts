import type { Certainty, LedgerEntry, LedgerRow, Settlement } from './ledger.js';

/** Rows of the ledger as columns: numbers in one buffer and every text once, four times cheaper to post than objects. */
export interface LineColumns {
  /** Callers, owners, models, paths and codes; a line names them by their place here, -1 = null. */
  words: readonly string[];
  requestIds: readonly string[];
  /** `FIGURES` numbers a line, at the places of `AT`. NaN = null. */
  figures: Float64Array;
}

/** How far a line tells the story of its request. */
export const STAGE = {
  /** Admitted and not settled. */
  open: 0,
  /** Settled before anything of it was sent. */
  whole: 1,
  /** Settled, and an earlier line said that it was admitted. */
  settled: 2,
} as const;

/** Where each number of a line stands. */
export const AT = {
  position: 0,
  stage: 1,
  caller: 2,
  owner: 3,
  model: 4,
  path: 5,
  streamed: 6,
  reservedInput: 7,
  reservedOutput: 8,
  input: 9,
  output: 10,
  cached: 11,
  certainty: 12,
  gpuSeconds: 13,
  gpuReported: 14,
  status: 15,
  code: 16,
  queuedMs: 17,
  firstByteMs: 18,
  durationMs: 19,
} as const;

export const FIGURES = 20;

/** In the order of the numbers that stand for them. */
export const CERTAINTIES: readonly Certainty[] = ['reported', 'counted', 'estimated'];

/** Positions a millisecond has. */
export const POSITIONS_PER_MS = 1000;
const FEWEST_LINES = 16;

/** Gathers lines for one message. A line can be completed until the message is sent. */
export class JournalLines {
  readonly #shown: (text: string) => string;
  readonly #places = new Map<string, number>();
  readonly #words: string[] = [];
  readonly #requestIds: string[] = [];
  #figures = new Float64Array(FEWEST_LINES * FIGURES);
  /** True once the message was made: what comes later needs a line elsewhere. */
  isSent = false;

  /** `shown` makes a text that a client chose fit to be kept. */
  constructor(shown: (text: string) => string) {
    this.#shown = shown;
  }

  get length(): number {
    return this.#requestIds.length;
  }

  /** Adds an admitted request; answers its line. */
  add(position: number, entry: LedgerEntry): number {
    const line = this.#requestIds.push(entry.requestId) - 1;
    if ((line + 1) * FIGURES > this.#figures.length) this.#grow();
    const figures = this.#figures;
    const at = line * FIGURES;
    figures[at + AT.position] = position;
    figures[at + AT.caller] = this.#place(entry.callerId);
    figures[at + AT.owner] = entry.owner === null ? -1 : this.#place(entry.owner);
    figures[at + AT.model] = this.#place(entry.model);
    figures[at + AT.path] = this.#place(entry.path);
    figures[at + AT.streamed] = entry.streamed ? 1 : 0;
    figures[at + AT.reservedInput] = entry.inputTokens;
    figures[at + AT.reservedOutput] = entry.outputTokens;
    return line;
  }

  reserve(line: number, outputTokens: number): void {
    this.#figures[line * FIGURES + AT.reservedOutput] = outputTokens;
  }

  settle(line: number, stage: number, settlement: Settlement): void {
    const figures = this.#figures;
    const at = line * FIGURES;
    figures[at + AT.stage] = stage;
    figures[at + AT.input] = settlement.inputTokens;
    figures[at + AT.output] = settlement.outputTokens;
    figures[at + AT.cached] = settlement.cachedTokens ?? Number.NaN;
    figures[at + AT.certainty] = CERTAINTIES.indexOf(settlement.certainty);
    figures[at + AT.gpuSeconds] = settlement.gpuSeconds;
    figures[at + AT.gpuReported] = settlement.gpuCertainty === 'reported' ? 1 : 0;
    figures[at + AT.status] = settlement.status;
    figures[at + AT.code] = settlement.code === null ? -1 : this.#place(settlement.code);
    figures[at + AT.queuedMs] = settlement.queuedMs;
    figures[at + AT.firstByteMs] = settlement.firstByteMs ?? Number.NaN;
    figures[at + AT.durationMs] = settlement.durationMs;
  }

  columns(): LineColumns {
    return {
      words: this.#words,
      requestIds: this.#requestIds,
      figures: this.#figures.slice(0, this.length * FIGURES),
    };
  }

  #place(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#words.push(this.#shown(text)) - 1;
    this.#places.set(text, place);
    return place;
  }

  #grow(): void {
    const larger = new Float64Array(this.#figures.length * 2);
    larger.set(this.#figures);
    this.#figures = larger;
  }
}

/** The position of the request that is the `count`-th of this process: in the order of time, and no two alike. */
export function positionOf(atMs: number, count: number): number {
  return Math.trunc(atMs) * POSITIONS_PER_MS + (count % POSITIONS_PER_MS);
}

/** The first position of a millisecond. */
export function firstPosition(atMs: number): number {
  return positionOf(atMs, 0);
}

export function timeOf(position: number): number {
  return Math.floor(position / POSITIONS_PER_MS);
}

/** Settled rows out of their columns. */
export function rowsOf({ words, requestIds, figures }: LineColumns): LedgerRow[] {
  return requestIds.map((requestId, line) => {
    const figure = (at: number): number => figures[line * FIGURES + at] ?? 0;
    const maybe = (at: number): number | null => (Number.isNaN(figure(at)) ? null : figure(at));
    const word = (at: number): string | null => words[figure(at)] ?? null;
    return {
      requestId,
      atMs: timeOf(figure(AT.position)),
      callerId: word(AT.caller) ?? '',
      owner: word(AT.owner),
      model: word(AT.model) ?? '',
      path: word(AT.path) ?? '',
      streamed: figure(AT.streamed) === 1,
      inputTokens: figure(AT.reservedInput),
      outputTokens: figure(AT.reservedOutput),
      settled: {
        inputTokens: figure(AT.input),
        outputTokens: figure(AT.output),
        cachedTokens: maybe(AT.cached),
        certainty: CERTAINTIES[figure(AT.certainty)] ?? 'estimated',
        gpuSeconds: figure(AT.gpuSeconds),
        gpuCertainty: figure(AT.gpuReported) === 1 ? 'reported' : 'estimated',
        status: figure(AT.status),
        code: word(AT.code),
        queuedMs: figure(AT.queuedMs),
        firstByteMs: maybe(AT.firstByteMs),
        durationMs: figure(AT.durationMs),
      },
    };
  });
}
