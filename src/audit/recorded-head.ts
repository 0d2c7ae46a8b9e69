import { Refusal } from '../core/errors.js';
import type { ChainHead } from './chain.js';

const HASH = /^[0-9a-f]{64}$/;

/**
 * The last place of the chain that a file kept elsewhere tells of: an export (one JSON object a line, or
 * a list under `data`), or a single `{ sequence, hash }`. Throws `invalid_value` when it tells of none.
 */
export function readRecordedHead(text: string): ChainHead {
  const heads = documents(text).flatMap(headsIn);
  const last = heads.reduce<ChainHead | null>((best, head) => (best === null || head.sequence > best.sequence ? head : best), null);
  if (last !== null) return last;
  throw new Refusal('invalid_value', {
    message: 'The file names no place in the audit chain. Give an output of "keyporter audit export", or {"sequence": N, "hash": "..."}.',
  });
}

function documents(text: string): unknown[] {
  const whole = parsed(text);
  if (whole !== undefined) return [whole];
  return text.split('\n').map(parsed);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function headsIn(document: unknown): ChainHead[] {
  if (typeof document !== 'object' || document === null) return [];
  if (Array.isArray(document)) return document.flatMap(headsIn);
  const { data, sequence, hash } = document as Record<string, unknown>;
  if (Array.isArray(data)) return data.flatMap(headsIn);
  if (typeof hash !== 'string' || !HASH.test(hash) || !Number.isSafeInteger(sequence)) return [];
  return [{ sequence: sequence as number, hash }];
}
