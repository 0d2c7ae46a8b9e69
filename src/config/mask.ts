import { Secret } from '../core/secret.js';
import type { Config } from './schema.js';

const MASK = '********';

/** The effective configuration as plain values that may be shown: every secret is a row of stars. */
export function maskConfig(config: Config): unknown {
  return masked(config);
}

function masked(value: unknown): unknown {
  if (value instanceof Secret) return MASK;
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) copy[name] = masked(member);
  return copy;
}
