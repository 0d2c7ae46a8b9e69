import ipaddr from 'ipaddr.js';
import { checkLimits } from './check-limits.js';
import { checkEntries, checkLine, checkLines, invalid } from './check-text.js';
import type { KeyChange, KeyPolicy } from './key.js';
import type { KeySettings } from './stored-key.js';

const SCOPES = { most: 64, longest: 64 };
const MODELS = { most: 256, longest: 256 };
const ADDRESSES = { most: 256, longest: 64 };
const LABELS = { most: 32, longestName: 64 };
const ATTRIBUTES = { most: 32, longestName: 64 };
const ATTRIBUTE_VALUES = { most: 64, longest: 256 };
const LONGEST_NAME = 200;
const LONGEST_OWNER = 128;
const LONGEST_LABEL = 256;
/** The end of the year 9999; a larger number was meant as milliseconds. */
const LATEST_SECOND = 253_402_300_799;

/** What the checks need to know besides the value. */
export interface SettingRules {
  isKnownScope: (scope: string) => boolean;
  /** Longest time a key may live from now on; null = for ever. */
  maxLifetimeSeconds: number | null;
  /** Unix seconds. */
  now: number;
}

/**
 * Checks every member that is present and brings it into its stored form. Throws `invalid_value` with
 * the member at fault. Members that are not settings are not looked at.
 */
export function checkSettings(change: KeyChange, rules: SettingRules): Partial<KeySettings> {
  const checked: Partial<KeySettings> = { ...checkNames(change), ...checkRights(change, rules) };
  if (change.expiresAt !== undefined) checked.expiresAt = checkExpiry(change.expiresAt, rules);
  return checked;
}

function checkNames(change: KeyChange): Partial<KeySettings> {
  const checked: Partial<KeySettings> = {};
  if (change.name !== undefined) checked.name = checkLine(change.name, 'name', LONGEST_NAME);
  if (change.owner !== undefined) checked.owner = change.owner === null ? null : checkOwner(change.owner);
  if (change.labels !== undefined) checked.labels = checkLabels(change.labels);
  return checked;
}

function checkRights(change: KeyChange, rules: SettingRules): Partial<KeyPolicy> {
  const checked: { -readonly [Member in keyof KeyPolicy]?: KeyPolicy[Member] } = {};
  if (change.scopes !== undefined) checked.scopes = checkScopes(change.scopes, rules);
  if (change.models !== undefined) checked.models = checkLines(change.models, 'models', MODELS);
  if (change.allowIps !== undefined) checked.allowIps = checkRanges(change.allowIps);
  if (change.limits !== undefined) checked.limits = checkLimits(change.limits);
  if (change.attributes !== undefined) checked.attributes = checkAttributes(change.attributes);
  return checked;
}

/** The name of an owner. */
export function checkOwner(value: unknown): string {
  return checkLine(value, 'owner', LONGEST_OWNER);
}

function checkScopes(value: unknown, rules: SettingRules): string[] {
  const scopes = checkLines(value, 'scopes', SCOPES);
  if (scopes.length === 0) throw invalid('scopes', 'A key needs at least one scope, for example "infer".');
  const unknown = scopes.find((scope) => !rules.isKnownScope(scope));
  if (unknown !== undefined) throw invalid('scopes', `There is no scope ${JSON.stringify(unknown)}.`);
  return scopes;
}

function checkRanges(value: unknown): string[] {
  return checkLines(value, 'allow_ips', ADDRESSES).map(checkRange);
}

/** `10.1.2.0/24`, `::1/128`; a single address gets its full length. */
function checkRange(text: string): string {
  const [address = '', length, ...rest] = text.split('/');
  const isFour = ipaddr.IPv4.isValidFourPartDecimal(address);
  const bits = isFour ? 32 : 128;
  const isAddress = isFour || (!address.includes('%') && ipaddr.IPv6.isValid(address));
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (!isAddress || !isLength || rest.length > 0) {
    throw invalid('allow_ips', `${JSON.stringify(text)} is not an IP address or a range such as 10.0.0.0/8.`);
  }
  return `${ipaddr.parse(address).toString()}/${length === undefined ? bits : Number(length)}`;
}

function checkLabels(value: unknown): Record<string, string> {
  const entries = checkEntries(value, 'labels', LABELS);
  return Object.fromEntries(entries.map(([name, text]) => [name, checkLine(text, 'labels', LONGEST_LABEL)]));
}

function checkAttributes(value: unknown): Record<string, string[]> {
  const entries = checkEntries(value, 'attributes', ATTRIBUTES);
  return Object.fromEntries(
    entries.map(([name, values]) => [name, checkLines(values, 'attributes', ATTRIBUTE_VALUES)]),
  );
}

/** Unix seconds after now, or null for a key that never ends; 0 is never "no expiry". */
function checkExpiry(value: unknown, rules: SettingRules): number | null {
  const { maxLifetimeSeconds, now } = rules;
  if (value === null) {
    if (maxLifetimeSeconds === null) return null;
    throw invalid(
      'expires_at',
      `A key must end: keys.max_lifetime allows at most ${maxLifetimeSeconds} seconds from now.`,
    );
  }
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value > LATEST_SECOND) {
    throw invalid('expires_at', 'expires_at must be whole Unix seconds, or null for a key that never ends.');
  }
  if (value <= now) throw invalid('expires_at', 'expires_at must lie in the future.');
  if (maxLifetimeSeconds !== null && value > now + maxLifetimeSeconds) {
    throw invalid(
      'expires_at',
      `expires_at lies too far ahead: keys.max_lifetime allows at most ${maxLifetimeSeconds} seconds from now.`,
    );
  }
  return value;
}
