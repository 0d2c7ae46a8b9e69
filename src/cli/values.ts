import { InvalidArgumentError } from 'commander';
import { systemClock, unixSeconds } from '../core/clock.js';
import { DURATION_FORM, parseDuration, parseExpiry } from '../core/duration.js';
import { misuse } from './failure.js';

/** Collects an option that may be given many times. */
export function many(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

/** `90d` as seconds. */
export function duration(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === null) throw new InvalidArgumentError(`Write ${DURATION_FORM}.`);
  return seconds;
}

/** Like `duration`, with `0` for "at once". */
export function durationOrZero(value: string): number {
  return value === '0' || value === '0s' ? 0 : duration(value);
}

/** `30d` or an ISO date as Unix seconds, or `never`. Never null: commander takes that for an option without a value. */
export function expiry(value: string): number | 'never' {
  const parsed = parseExpiry(value, unixSeconds(systemClock));
  if (typeof parsed === 'object' && parsed !== null) throw new InvalidArgumentError(parsed.fault);
  return parsed ?? 'never';
}

/** A point in time: an ISO date, Unix seconds, or a duration back from now. */
export function pastMoment(value: string): number {
  const now = unixSeconds(systemClock);
  const seconds = parseDuration(value);
  if (seconds !== null) return now - seconds;
  const moment = momentOf(value);
  if (moment === null)
    throw new InvalidArgumentError(
      'Write a duration back such as 24h or 7d, a date such as 2027-01-31T12:00:00Z, or Unix seconds.',
    );
  return moment;
}

/** An ISO date or time, or Unix seconds. */
export function pointInTime(value: string): number {
  const seconds = momentOf(value);
  if (seconds === null) throw new InvalidArgumentError('Write a date such as 2027-01-31T12:00:00Z, or Unix seconds.');
  return seconds;
}

function momentOf(value: string): number | null {
  const seconds = /^\d{1,12}$/.test(value) ? Number(value) : Math.floor(Date.parse(value) / 1000);
  return Number.isFinite(seconds) ? seconds : null;
}

/** A whole number of rows. */
export function rowCount(value: string): number {
  const count = Number(value);
  if (!/^\d{1,7}$/.test(value) || count < 1) throw new InvalidArgumentError('Write a whole number from 1.');
  return count;
}

/** `NAME=VALUE`, collected. */
export function pairs(value: string, earlier: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const [name, text] = pair(value);
  return { ...earlier, [name]: text };
}

/** `NAME=VALUE` where a name may come many times, collected as lists. */
export function lists(
  value: string,
  earlier: Readonly<Record<string, readonly string[]>> | undefined,
): Record<string, string[]> {
  const [name, text] = pair(value);
  const before = Object.fromEntries(Object.entries(earlier ?? {}).map(([key, values]) => [key, [...values]]));
  return { ...before, [name]: [...(before[name] ?? []), text] };
}

/** `NAME=VALUE` of a limit: numbers as numbers, `none` as no limit. */
export function limits(
  value: string,
  earlier: Readonly<Record<string, number | string | null>> | undefined,
): Record<string, number | string | null> {
  const [name, text] = pair(value);
  const limit = text === 'none' ? null : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  return { ...earlier, [name]: limit };
}

/** Of a key of ours, or of a caller that a provider vouches for: `<provider>:<principal>`. */
const CALLER_ID = /^(?:[0-9A-Za-z]{12}|[a-z0-9][a-z0-9_-]{0,31}:.+)$/;

/**
 * What `--key` takes: `-`, or for `requests` and `usage` the id of a caller. A secret in the command line could be read by every user of
 * the machine. The message does not repeat it.
 */
export function dashOrId(value: string): string {
  if (value === '-' || CALLER_ID.test(value)) return value;
  throw misuse(
    'Secrets are not taken from the command line. Write "--key -" and send the key on standard input, or set KEYPORTER_KEY.',
  );
}

function pair(value: string): [string, string] {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [value.slice(0, at), value.slice(at + 1)];
}
