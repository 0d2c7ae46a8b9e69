import { limitFault } from '../core/limit-fault.js';
import type { LimitName, LimitSettings } from '../core/limits.js';
import type { ImportedKey } from '../keys/key.js';
import { readDelimited } from './delimited.js';
import { counted, isObject, Verdicts, type Reading } from './reading.js';

/** Names in `models` that stand for every model there is. */
const EVERY_MODEL = new Set(['all-proxy-models', 'all-team-models', '*']);
/** Limits of a key, and ours that mean the same. */
const LIMITS = {
  rpm_limit: 'requests_per_minute',
  tpm_limit: 'tokens_per_minute',
  max_parallel_requests: 'concurrent_requests',
} as const satisfies Record<string, LimitName>;
/** Limits in money. */
const BUDGETS = ['max_budget', 'budget_duration', 'model_max_budget'];

/** Reads an export of LiteLLM's table of keys, which holds their SHA-256; null when the text is none. */
export function readLitellmKeys(text: string): Reading | null {
  const rows = rowsOf(text);
  if (rows.length === 0 || !rows.every((row) => 'token' in row) || !rows.some((row) => digestOf(row['token']) !== null))
    return null;
  const verdicts = new Verdicts();
  const keys = rows.flatMap((row, index) => keyOf(row, index + 1, verdicts) ?? []);
  verdicts.taken('token', `${counted(keys.length, 'key')} of ${rows.length}, by their SHA-256; clients keep them`);
  verdicts.taken('key_alias', 'name of the key');
  verdicts.taken('expires', 'as it is');
  for (const [limit, ours] of Object.entries(LIMITS)) {
    const count = rows.filter((row) => isGiven(row[limit])).length;
    if (count > 0) verdicts.taken(limit, `${counted(count, 'key')} had it; limits.${ours} of the key`);
  }
  for (const budget of BUDGETS) {
    const count = rows.filter((row) => isGiven(row[budget])).length;
    if (count > 0)
      verdicts.refused(
        budget,
        `${counted(count, 'key')} had it; Keyporter knows no prices: limit tokens, such as tokens_per_month`,
      );
  }
  return { format: 'LiteLLM keys', fields: verdicts.fields, keys, configuration: null, advice: [] };
}

function rowsOf(text: string): Record<string, unknown>[] {
  const bare = text.trimStart();
  if (/^"?token"?,|^[^\n]*,"?token"?(,|\r?\n)/.test(bare)) return readDelimited(bare);
  if (!bare.startsWith('[') && !bare.startsWith('{"')) return [];
  try {
    const value: unknown = bare.startsWith('[')
      ? JSON.parse(bare)
      : bare
          .split(/\r?\n/)
          .filter((line) => line.trim() !== '')
          .map((line) => JSON.parse(line) as unknown);
    return Array.isArray(value) ? value.filter(isObject) : [];
  } catch {
    return [];
  }
}

function digestOf(value: unknown): Uint8Array | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? Buffer.from(value, 'hex') : null;
}

function keyOf(row: Record<string, unknown>, position: number, verdicts: Verdicts): ImportedKey | null {
  const field = `row ${position}`;
  const sha256 = digestOf(row['token']);
  if (sha256 === null) {
    verdicts.refused(field, 'its token is no SHA-256');
    return null;
  }
  const models = modelsOf(row['models']);
  const expires = row['expires'];
  const at =
    typeof expires === 'string' && expires !== ''
      ? Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(expires) ? expires : `${expires.replace(' ', 'T')}Z`)
      : Number.NaN;
  const unclear = isGiven(expires) && Number.isNaN(at);
  if (unclear) verdicts.approximated(field, 'its expiry is no time; imported disabled');
  const { limits, unclear: unclearLimits } = limitsOf(row);
  for (const limit of unclearLimits)
    verdicts.approximated(field, `its ${limit} is no whole number from 1; imported disabled`);
  const hasNoModel = models.includes('no-default-models');
  if (hasNoModel) verdicts.approximated(field, 'may use no model by itself; imported disabled');
  return {
    name: nameOf(row['key_alias']) ?? `litellm-${position}`,
    owner: nameOf(row['user_id']),
    scopes: ['infer'],
    models: models.some((name) => EVERY_MODEL.has(name)) ? [] : models.filter((name) => name !== 'no-default-models'),
    limits,
    labels: labelsOf(row),
    createdAt: null,
    expiresAt: Number.isNaN(at) ? null : Math.max(1, Math.floor(at / 1000)),
    disabled: unclear || unclearLimits.length > 0 || hasNoModel || isYes(row['blocked']),
    secret: { sha256 },
  };
}

/** A limit that is not understood is named: without it the key could do more than before. */
function limitsOf(row: Record<string, unknown>): { limits: LimitSettings; unclear: string[] } {
  const given = Object.entries(LIMITS).filter(([theirs]) => isGiven(row[theirs]));
  const found = given.map(([theirs, ours]) => ({ theirs, ours, amount: Number(row[theirs]) }));
  const unclear = found.filter(({ ours, amount }) => limitFault(ours, amount) !== null).map(({ theirs }) => theirs);
  const clear = found.filter(({ theirs }) => !unclear.includes(theirs));
  return { limits: Object.fromEntries(clear.map(({ ours, amount }) => [ours, amount])), unclear };
}

function isYes(value: unknown): boolean {
  return value === true || value === 't' || value === 'true';
}

/** A JSON list, or PostgreSQL's `{a,"b"}`. */
function modelsOf(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value
          .replace(/^[{[]|[}\]]$/g, '')
          .split(',')
          .map((name) => name.trim().replace(/^"|"$/g, ''))
      : [];
  return [...new Set(list.filter((name): name is string => typeof name === 'string' && name !== ''))];
}

function labelsOf(row: Record<string, unknown>): Record<string, string> {
  const team = nameOf(row['team_id']);
  return team === null ? {} : { team };
}

/** A line that may be shown, or null. */
function nameOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const line = value
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 128);
  return line === '' ? null : line;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== '{}';
}
