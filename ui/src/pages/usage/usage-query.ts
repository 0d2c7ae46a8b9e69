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
