const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** A hundred years: longer spans are typing mistakes, and sums of them with a date stay exact. */
const LONGEST_SECONDS = 100 * 31_536_000;

/** How to write a duration, for messages and manuals. */
export const DURATION_FORM = 'a number with a unit, such as 45s, 90m, 24h, 30d, 2w or 1y';

/**
 * Seconds of a duration such as `45s`, `90m`, `24h`, `30d`, `2w`, `1y` (365 days).
 * Null when the text is no duration, is zero, or is longer than a hundred years.
 */
export function parseDuration(text: string): number | null {
  const match = /^([1-9][0-9]{0,9})([smhdwy])$/.exec(text);
  if (match === null) return null;
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? Number.NaN);
  return seconds <= LONGEST_SECONDS ? seconds : null;
}

/** The shortest exact spelling that `parseDuration` reads back; `0s` for zero and less. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  for (const unit of ['y', 'w', 'd', 'h', 'm'] as const) {
    const size = UNIT_SECONDS[unit] ?? 1;
    if (whole > 0 && whole % size === 0) return `${whole / size}${unit}`;
  }
  return `${whole}s`;
}

/** Why a text is no expiry, as a sentence for whoever typed it. */
export interface ExpiryFault {
  fault: string;
}

/**
 * When something ends, in Unix seconds (exclusive): a duration from now (`30d`), an ISO date or time
 * (`2027-01-31`, `2027-01-31T12:00:00Z`; without a zone it is UTC), or `never` = null.
 */
export function parseExpiry(text: string, nowSeconds: number): number | null | ExpiryFault {
  const trimmed = text.trim();
  if (trimmed === 'never') return null;
  const duration = parseDuration(trimmed);
  if (duration !== null) return nowSeconds + duration;
  const moment = parseMoment(trimmed);
  if (moment === null) {
    return {
      fault: 'Write the expiry as a duration such as 30d, a date such as 2027-01-31 or 2027-01-31T12:00:00Z, or never.',
    };
  }
  if (moment <= nowSeconds)
    return { fault: 'The expiry lies in the past. Give a later date, or a duration such as 30d.' };
  return moment;
}

const ISO_MOMENT = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,3})?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Unix seconds of an ISO 8601 date or time, null when it is none or the day does not exist. */
function parseMoment(text: string): number | null {
  const match = ISO_MOMENT.exec(text);
  if (match === null) return null;
  const [, date = '', time = '00:00:00', zone = 'Z'] = match;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const dayExists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
  const milliseconds = Date.parse(`${date}T${time}${zone}`);
  return dayExists && !Number.isNaN(milliseconds) ? Math.floor(milliseconds / 1000) : null;
}
