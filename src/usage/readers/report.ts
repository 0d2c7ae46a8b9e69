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

/** Puts the numbers of one event or body together. Usage counts before the engine's clock. */
export function readReport(numbers: Float64Array): Report {
  const count = (slot: Slot): number | null => within(numbers[slot], Number.isInteger(numbers[slot]));
  const cacheRead = count(SLOT.cacheRead);
  const besides = (count(SLOT.cacheWritten) ?? 0) + (cacheRead ?? 0);
  const timedCached = count(SLOT.timedCached);
  const total = count(SLOT.total);
  const input = plus(count(SLOT.input), besides) ?? plus(count(SLOT.timedInput), timedCached);
  const output = count(SLOT.output) ?? rest(total, input) ?? count(SLOT.timedOutput);
  return {
    // A total by itself is about the prompt: answers without a count of their own have no tokens.
    input: input ?? (output === null ? total : null),
    output,
    cached: count(SLOT.cached) ?? cacheRead ?? timedCached,
    gpuSeconds: secondsOf(numbers),
  };
}

function secondsOf(numbers: Float64Array): number | null {
  const time = (slot: Slot, aSecond: number): number | null => within((numbers[slot] ?? Number.NaN) / aSecond, true);
  const parts = [
    time(SLOT.inputMs, 1e3),
    time(SLOT.outputMs, 1e3),
    time(SLOT.inputNs, 1e9),
    time(SLOT.outputNs, 1e9),
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.reduce((sum, part) => sum + part, 0);
}

function within(value: number | undefined, fits: boolean): number | null {
  return fits && value !== undefined && value >= 0 && value <= MOST ? value : null;
}

function plus(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function rest(total: number | null, part: number | null): number | null {
  return total === null || part === null || total < part ? null : total - part;
}
