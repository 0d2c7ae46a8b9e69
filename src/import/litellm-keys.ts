import { limitFault } from '../core/limit-fault.js';
import type { LimitName, LimitSettings } from '../core/limits.js';
import type { ImportedKey } from '../keys/key.js';
import { readDelimited } from './delimited.js';
import { counted, isObject, LATEST_SECOND, Verdicts, type Reading } from './reading.js';
import { takeKey } from './take-key.js';

/** Names in `models` that stand for every model there is. */
const EVERY_MODEL = new Set(['all-proxy-models', 'all-team-models', '*']);
/** Limits of a key, and ours that mean the same. */
const LIMITS = {
  rpm_limit: 'requests_per_minute',
  tpm_limit: 'tokens_per_minute',
  max_parallel_requests: 'concurrent_requests',
} as const satisfies Record<string, LimitName>;
/** Limits in money. */
const BUDGETS = ['max_budget', 'soft_budget', 'budget_duration', 'model_max_budget', 'budget_id'];
/** What else of a key is taken, and as what. */
const TAKEN: Readonly<Record<string, string>> = {
  key_alias: 'name of the key',
  user_id: 'owner of the key',
  team_id: 'label `team` of the key; what the team itself may do is not in this table',
  models: 'models of the key',
  expires: 'as it is',
  created_at: 'as it is',
  blocked: 'the key comes disabled',
};
/** What the original counted or showed, and what is empty in a table as it is made. */
const BOOKKEEPING = new Set(['token', 'key_name', 'spend', 'model_spend', 'updated_at', 'last_active']);

/** Reads an export of LiteLLM's table of keys, which holds their SHA-256; null when the text is none. */
export function readLitellmKeys(text: string): Reading | null {
  const rows = rowsOf(text);
  if (rows.length === 0 || !rows.every((row) => 'token' in row) || !rows.some((row) => digestOf(row['token']) !== null))
    return null;
  const verdicts = new Verdicts();
  const keys = rows.flatMap((row, index) => keyOf(row, index + 1, verdicts));
  verdicts.taken('token', `${counted(keys.length, 'key')} of ${rows.length}, by their SHA-256; clients keep them`);
  for (const [column, why] of Object.entries(TAKEN))
    if (rows.some((row) => isGiven(row[column]))) verdicts.taken(column, why);
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
  const known = new Set([...Object.keys(TAKEN), ...Object.keys(LIMITS), ...BUDGETS, ...BOOKKEEPING]);
  const others = new Set(rows.flatMap((row) => Object.keys(row).filter((column) => isGiven(row[column]))));
  for (const column of others)
    if (!known.has(column)) verdicts.refused(column, 'Keyporter has nothing that corresponds to it');
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

function keyOf(row: Record<string, unknown>, position: number, verdicts: Verdicts): ImportedKey[] {
  const field = `row ${position}`;
  const sha256 = digestOf(row['token']);
  if (sha256 === null) {
    verdicts.refused(field, 'its token is no SHA-256');
    return [];
  }
  const models = modelsOf(row['models']);
  const expiresAt = secondsOf(row['expires']);
  const unclear = isGiven(row['expires']) && expiresAt === null;
  if (unclear) verdicts.approximated(field, 'its expiry is no time; imported disabled');
  const { limits, unclear: unclearLimits } = limitsOf(row);
  for (const limit of unclearLimits)
    verdicts.approximated(field, `its ${limit} is no whole number from 1; imported disabled`);
  const hasNoModel = models.includes('no-default-models');
  if (hasNoModel) verdicts.approximated(field, 'may use no model by itself; imported disabled');
  const isBound = isGiven(row['allowed_routes']);
  if (isBound) verdicts.approximated(field, 'may use certain routes alone, which no scope says; imported disabled');
  if (models.includes('all-team-models'))
    verdicts.approximated(
      field,
      'has the models of its team, which are not in this table; here every one that is not restricted',
    );
  return takeKey(
    field,
    {
      name: nameOf(row['key_alias']) ?? `litellm-${position}`,
      owner: nameOf(row['user_id']),
      scopes: ['infer'],
      models: models.some((name) => EVERY_MODEL.has(name)) ? [] : models.filter((name) => name !== 'no-default-models'),
      limits,
      labels: labelsOf(row),
      createdAt: secondsOf(row['created_at']),
      expiresAt,
      disabled: unclear || unclearLimits.length > 0 || hasNoModel || isBound || isYes(row['blocked']),
      secret: { sha256 },
    },
    verdicts,
  );
}

/** A time as the original's database writes it: UTC where it names no zone. Null when it is none. */
function secondsOf(value: unknown): number | null {
  const [, day, time, zone = 'Z'] =
    typeof value === 'string'
      ? (/^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(value) ?? [])
      : [];
  if (day === undefined) return null;
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone;
  const at = Date.parse(`${day}T${time ?? '00:00'}${offset}`);
  return Number.isNaN(at) ? null : Math.min(Math.max(1, Math.floor(at / 1000)), LATEST_SECOND);
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
  if (value === undefined || value === null || value === '' || value === '{}' || value === '[]') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
