import type { UsageRowBody } from '../../../src/admin/contract-usage.js';

const DAY_SECONDS = 86_400;

/** Midnight UTC, so many days back: today counts as one of them. */
export function sinceOf(days: number, nowSeconds: number): number {
  return Math.floor(nowSeconds / DAY_SECONDS) * DAY_SECONDS - (days - 1) * DAY_SECONDS;
}

/** Values of each day of a chart. */
export interface DayColumns {
  /** Where the day begins on this browser's clock, which writes the axis: days of the ledger are UTC. */
  times: number[];
  rows: (UsageRowBody | null)[];
}

/** One entry for each day of the span, also for those without use. */
export function dayColumns(rows: readonly UsageRowBody[], since: number, days: number): DayColumns {
  const byDay = new Map(rows.map((row) => [row.from_at, row]));
  const starts = Array.from({ length: days }, (_, at) => since + at * DAY_SECONDS);
  return { times: starts.map(localMidnight), rows: starts.map((start) => byDay.get(start) ?? null) };
}

function localMidnight(utcMidnight: number): number {
  const day = new Date(utcMidnight * 1000);
  return new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()).getTime() / 1000;
}

/** The day of a time that `dayColumns` made. */
export function dayName(localMidnightSeconds: number): string {
  const day = new Date(localMidnightSeconds * 1000);
  const [month, date] = [day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${day.getFullYear()}-${month}-${date}`;
}
