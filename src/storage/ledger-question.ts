import { Refusal } from '../core/errors.js';
import type { UsageGroup, UsageQuestion } from '../usage/ledger.js';
import { DAY_MS, HOUR_MS, HOURS_PER_DAY } from './ledger-sums.js';

/** Sums by the hour are kept this long, by the day as long as the ledger: the present month and the one before it whole. */
export const HOURS_KEPT_MS = 62 * DAY_MS;
/** More than any configuration keeps. */
const MOST_DAYS_BACK = 3700;
/** A clock that was set back may have left rows ahead of it. */
const MOST_DAYS_AHEAD = 2;

/** A question about sums, in the periods that are kept: days since the epoch, hours since the epoch. */
export interface UsageQuery {
  days: number[];
  hours: number[];
  by: readonly UsageGroup[];
  callerIds: readonly string[] | null;
  owner: string | null;
  model: string | null;
}

/**
 * Covers the time of a question with whole days, and with hours at both ends. Where hours are no
 * longer kept it covers whole days. Throws `invalid_value` when single hours of that time are asked for.
 */
export function planOf(question: UsageQuestion, nowMs: number): UsageQuery {
  const { by, callerIds = null, owner = null, model = null } = question;
  const asked = { by, callerIds, owner, model };
  const firstDayOfHours = Math.floor((nowMs - HOURS_KEPT_MS) / DAY_MS);
  const today = Math.floor(nowMs / DAY_MS);
  const since = Math.max(Math.floor(question.sinceMs / HOUR_MS), (today - MOST_DAYS_BACK) * HOURS_PER_DAY);
  const until = Math.min(Math.ceil(question.untilMs / HOUR_MS), (today + MOST_DAYS_AHEAD) * HOURS_PER_DAY);
  if (by.includes('hour')) {
    if (since < firstDayOfHours * HOURS_PER_DAY) throw hoursAreGone();
    return { ...asked, days: [], hours: range(since, until) };
  }
  const first = dayFrom(since, firstDayOfHours);
  const last = dayUntil(until, firstDayOfHours);
  if (first >= last) return { ...asked, days: [], hours: range(since, until) };
  const before = range(since, first * HOURS_PER_DAY);
  return { ...asked, days: range(first, last), hours: [...before, ...range(last * HOURS_PER_DAY, until)] };
}

/** The first day that is taken whole. */
function dayFrom(hour: number, firstDayOfHours: number): number {
  const day = Math.ceil(hour / HOURS_PER_DAY);
  return day <= firstDayOfHours ? Math.floor(hour / HOURS_PER_DAY) : day;
}

/** The first day that is not taken whole any more. */
function dayUntil(hour: number, firstDayOfHours: number): number {
  const day = Math.floor(hour / HOURS_PER_DAY);
  return day < firstDayOfHours ? Math.ceil(hour / HOURS_PER_DAY) : day;
}

/** From `first`, without `end`; empty when that is not later. */
function range(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
}

function hoursAreGone(): Refusal {
  return new Refusal('invalid_value', {
    message: `Single hours are kept for ${HOURS_KEPT_MS / DAY_MS} days. Ask for a later time, or by day.`,
    param: 'since',
  });
}
