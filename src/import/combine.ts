import { isObject, type Reading } from './reading.js';

/** The configuration of several files in one: lists are joined, maps merged, and of two values the first stays. */
export function combinedConfiguration(readings: readonly Reading[]): Record<string, unknown> | null {
  const found = readings.flatMap(({ configuration }) => (configuration === null ? [] : [configuration]));
  return found.length === 0 ? null : found.reduce(merged, {});
}

function merged(all: Record<string, unknown>, one: Record<string, unknown>): Record<string, unknown> {
  const result = { ...all };
  for (const [name, value] of Object.entries(one)) {
    const present = result[name];
    if (present === undefined) result[name] = value;
    else if (Array.isArray(present) && Array.isArray(value))
      result[name] = [...(present as unknown[]), ...(value as unknown[])];
    else if (isObject(present) && isObject(value)) result[name] = merged(present, value);
  }
  return result;
}
