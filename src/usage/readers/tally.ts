import type { Counted } from '../meter.js';
import type { Found } from './found.js';
import { readReport, type Report } from './report.js';
import { SLOT } from './shape.js';

/** What is known of one of the answers to a request, or of all of them together. */
interface Known extends Report {
  /** Tokens that came by since the engine told how many there are, and whether one of them was a guess. */
  since: number;
  guessed: boolean;
}

/**
 * Puts together what events and bodies tell. What an engine says of an answer replaces what was counted
 * of it until then; what comes by later is added again.
 */
export class Tally {
  readonly #answers: Known[] = [];
  /** Of all answers together, where the engine told that. */
  readonly #whole = nothingKnown();
  /** The engine told of all of them last. */
  #wholeLast = false;
  /** The answer that was last heard of. */
  #last = 0;
  #passed = 0;

  /** Tokens that went by: only an event with text raises it. */
  get passed(): number {
    return this.#passed;
  }

  /** Adds the tokens of an event. */
  takeTokens(found: Found): void {
    this.#last = found.index ?? this.#last;
    if (found.tokens === 0) return;
    add(this.#answer(), found);
    add(this.#whole, found);
    this.#passed += found.tokens;
  }

  /** Adds what an event or a body tells; its tokens were added before. */
  takeReport(found: Found): void {
    if (!found.told) return;
    this.#last = found.index ?? this.#last;
    const timed = !Number.isNaN(found.numbers[SLOT.timedOutput] ?? Number.NaN);
    const report = readReport(found.numbers);
    const answers = found.answers ?? 1;
    // llama.cpp tells of each answer by itself: in a stream behind that answer, in one piece of the first alone.
    const whole = answers > 1 || (answers === 0 && !timed);
    if (learn(whole ? this.#whole : this.#answer(), timed && whole ? times(report, answers) : report))
      this.#wholeLast = whole;
    this.#whole.guessed ||= timed && whole;
    if (!found.carried) return;
    const known = this.#known;
    this.#passed = (known.output ?? 0) + known.since;
  }

  /** The engine told output tokens. */
  get outputTold(): boolean {
    return this.#known.output !== null;
  }

  counted(): Counted {
    const known = this.#known;
    const input = this.#told('input');
    const cached = this.#told('cached');
    return {
      inputTokens: input,
      outputTokens: (known.output ?? 0) + known.since,
      cachedTokens: input !== null && cached !== null && cached <= input ? cached : null,
      certainty: known.guessed ? 'estimated' : known.output !== null && known.since === 0 ? 'reported' : 'counted',
      gpuSeconds: this.#told('gpuSeconds'),
    };
  }

  get #known(): Pick<Known, 'output' | 'since' | 'guessed'> {
    if (this.#wholeLast || this.#answers.length === 0) return this.#whole;
    return this.#answers.length === 1 ? (this.#answers[0] ?? this.#whole) : sumOf(this.#answers);
  }

  /** Of all answers together: as it was told, or the sum of what was told of each. */
  #told(name: 'input' | 'cached' | 'gpuSeconds'): number | null {
    const all = this.#whole[name];
    const parts = sum(this.#answers, name);
    return all !== null && this.#answers.length > 1 ? all : larger(all, parts);
  }

  #answer(): Known {
    while (this.#answers.length <= this.#last) this.#answers.push(nothingKnown());
    return this.#answers[this.#last] ?? this.#whole;
  }
}

function nothingKnown(): Known {
  return { input: null, output: null, cached: null, gpuSeconds: null, since: 0, guessed: false };
}

function add(known: Known, { tokens, guessed }: Found): void {
  known.since += tokens;
  known.guessed ||= guessed;
}

/**
 * Of prompts the largest number counts: some engines tell it at the beginning, some at the end, and 0
 * elsewhere. Answers whether the output became known.
 */
function learn(known: Known, { input, output, cached, gpuSeconds }: Report): boolean {
  known.input = larger(known.input, input);
  known.cached = larger(known.cached, cached);
  known.gpuSeconds = larger(known.gpuSeconds, gpuSeconds);
  // An answer that has text has tokens, whatever is told.
  if (output === null || (output === 0 && known.since + (known.output ?? 0) > 0)) return false;
  known.output = output;
  known.since = 0;
  known.guessed = false;
  return true;
}

function times(report: Report, answers: number): Report {
  const each = (value: number | null): number | null => (value === null ? null : value * answers);
  const { input, output, cached, gpuSeconds } = report;
  return { input: each(input), output: each(output), cached: each(cached), gpuSeconds: each(gpuSeconds) };
}

function sumOf(parts: readonly Known[]): Pick<Known, 'output' | 'since' | 'guessed'> {
  return {
    output: sum(parts, 'output'),
    since: parts.reduce((all, { since }) => all + since, 0),
    guessed: parts.some(({ guessed }) => guessed),
  };
}

/** A loop, because it is asked several times for every request. */
function sum(parts: readonly Known[], name: keyof Report): number | null {
  let all: number | null = null;
  for (const part of parts) {
    const told = part[name];
    if (told !== null) all = (all ?? 0) + told;
  }
  return all;
}

function larger(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
