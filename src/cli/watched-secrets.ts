import { readFile } from 'node:fs/promises';
import type { Reading } from '../import/reading.js';
import { counted, isObject } from '../import/reading.js';
import type { Invocation } from './invocation.js';
import { findLocal } from './local.js';

/**
 * Leaves out keys of the file that an orchestra listener follows: there they are callers already, and
 * taking one out of the file is what ends it.
 */
export async function withoutWatched(invocation: Invocation, readings: readonly Reading[]): Promise<Reading[]> {
  const watched = await watchedSecrets(invocation);
  return readings.map((reading) => {
    const keys = reading.keys.filter(({ secret }) => !('text' in secret) || !watched.has(secret.text.reveal()));
    const left = reading.keys.length - keys.length;
    if (left === 0) return reading;
    const why = `${counted(left, 'key')} of the file that the orchestra listener follows: not imported, because they go on there`;
    return { ...reading, keys, fields: [...reading.fields, { field: 'orchestra.keys_file', verdict: 'refused', why }] };
  });
}

async function watchedSecrets(invocation: Invocation): Promise<ReadonlySet<string>> {
  const { configuration } = await findLocal(invocation);
  if (!('loaded' in configuration)) return new Set();
  const { listeners, orchestra } = configuration.loaded.config;
  if (!listeners.some(({ profile }) => profile === 'orchestra') || typeof orchestra.keys_file !== 'string')
    return new Set();
  try {
    const value: unknown = JSON.parse(await readFile(orchestra.keys_file, 'utf8'));
    const keys: readonly unknown[] = isObject(value) && Array.isArray(value['valid_keys']) ? value['valid_keys'] : [];
    return new Set(keys.filter((key) => typeof key === 'string'));
  } catch {
    return new Set();
  }
}
