import { SLOT, type Slot } from './shape.js';

/** No answer takes more than this of anything: beyond it, a number is a mistake of who told it. */
const MOST = 2 ** 40;

/** What an engine told of an answer. Null = not told, or nonsense. */
export interface Report {
  input: number | null;
  output: number | null;
  cached: number | null;
  gpuSeconds: number | null;
}

/** Where times stand, and how many of their units are a second. */
const TIMES: readonly (readonly [Slot, number])[] = [
  [SLOT.inputMs, 1e3],
  [SLOT.outputMs, 1e3],
  [SLOT.inputNs, 1e9],
  [SLOT.outputNs, 1e9],
];

/** Puts the numbers of one event or body together. Usage counts before the engine's clock. */
export function readReport(numbers: Float64Array): Report {
  const cacheRead = count(numbers, SLOT.cacheRead);
  const besides = (count(numbers, SLOT.cacheWritten) ?? 0) + (cacheRead ?? 0);
  const timedCached = count(numbers, SLOT.timedCached);
  const total = count(numbers, SLOT.total);
  const input = plus(count(numbers, SLOT.input), besides) ?? plus(count(numbers, SLOT.timedInput), timedCached);
  const output = count(numbers, SLOT.output) ?? rest(total, input) ?? count(numbers, SLOT.timedOutput);
  return {
    // A total by itself is about the prompt: answers without a count of their own have no tokens.
    input: input ?? (output === null ? total : null),
    output,
    cached: count(numbers, SLOT.cached) ?? cacheRead ?? timedCached,
    gpuSeconds: secondsOf(numbers),
  };
}

/** A whole number that an answer may have; null = not told, or nonsense. */
function count(numbers: Float64Array, slot: Slot): number | null {
  const value = numbers[slot] ?? Number.NaN;
  return value >= 0 && value <= MOST && Number.isInteger(value) ? value : null;
}

function secondsOf(numbers: Float64Array): number | null {
  let seconds: number | null = null;
  for (const [slot, aSecond] of TIMES) {
    const part = (numbers[slot] ?? Number.NaN) / aSecond;
    if (part >= 0 && part <= MOST) seconds = (seconds ?? 0) + part;
  }
  return seconds;
}

function plus(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function rest(total: number | null, part: number | null): number | null {
  return total === null || part === null || total < part ? null : total - part;
}
