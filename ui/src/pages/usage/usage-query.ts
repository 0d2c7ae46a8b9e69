import { useQuery } from '@tanstack/react-query';
import type { UsageListBody, UsageRowBody } from '../../../../src/admin/contract-usage.js';
import { api, pathOf } from '../../api/client.js';
import { everyPage } from '../../api/every-page.js';

export const GROUPS = ['key', 'owner', 'model', 'day'] as const;
export type Group = (typeof GROUPS)[number];

/** What the page shows. An empty text does not filter. */
export interface UsageQuestion {
  by: Group;
  days: number;
  keyId: string;
  owner: string;
  model: string;
}

const DAY_SECONDS = 86_400;

/** Midnight UTC, so many days back: today counts as one of them. */
export function sinceOf(days: number, nowSeconds: number): number {
  return Math.floor(nowSeconds / DAY_SECONDS) * DAY_SECONDS - (days - 1) * DAY_SECONDS;
}

function parametersOf({ keyId, owner, model }: UsageQuestion, since: number) {
  return { since, key_id: keyId, owner, model };
}

/** Sums of each day, the earliest first. */
export function useDays(question: UsageQuestion, since: number) {
  const parameters = { by: 'day', limit: 1000, ...parametersOf(question, since) };
  return useQuery({
    queryKey: ['usage', parameters],
    queryFn: ({ signal }) => api.get<UsageListBody>(pathOf('/usage', parameters), signal),
    placeholderData: (before) => before,
  });
}

/** Sums of each key, owner or model, the largest first; by day, the same as the days. */
export function useGroups(question: UsageQuestion, since: number) {
  const parameters = { by: question.by, ...parametersOf(question, since) };
  return useQuery({
    queryKey: ['usage', 'all', parameters],
    queryFn: ({ signal }) => everyPage<UsageRowBody>({ path: '/usage', parameters, signal }),
  });
}

const AMOUNTS = [
  'requests',
  'failed',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cached_tokens',
  'estimated_requests',
  'gpu_seconds',
  'gpu_seconds_estimated',
  'duration_ms',
  'queued_ms',
] as const satisfies readonly (keyof UsageRowBody)[];

export type Amount = (typeof AMOUNTS)[number];
export type Sums = Record<Amount, number>;

/** All rows together. */
export function totalOf(rows: readonly UsageRowBody[]): Sums {
  return Object.fromEntries(AMOUNTS.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)])) as Sums;
}

const NAMES: Readonly<Record<Group, readonly (keyof UsageRowBody)[]>> = {
  key: ['key_id', 'key_name'],
  owner: ['owner'],
  model: ['model'],
  day: ['day'],
};

/** Columns of the CSV file, under the names of the admin API, as `keyporter usage --csv` has them. */
export function csvColumns(by: Group): readonly (keyof UsageRowBody)[] {
  return [...NAMES[by], ...AMOUNTS];
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
