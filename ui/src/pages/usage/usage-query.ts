import { useQuery } from '@tanstack/react-query';
import type { UsageListBody, UsageRowBody } from '../../../../src/admin/contract-usage.js';
import { api, pathOf } from '../../api/client.js';
import { everyPage } from '../../api/every-page.js';
import type { AddressForm } from '../../parts/address-state.js';

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

/** How far back the page can look, in days. */
export const SPANS = [7, 30, 90] as const;
const USUAL_SPAN = 90;

/** The question in the address of the page. Other pages lead here with what is to be shown. */
export const QUESTION_IN_ADDRESS: AddressForm<UsageQuestion> = {
  read(search) {
    const by = GROUPS.find((group) => group === search.get('by')) ?? 'key';
    const days = SPANS.find((span) => String(span) === search.get('days')) ?? USUAL_SPAN;
    const text = (name: string): string => search.get(name) ?? '';
    return { by, days, keyId: text('key_id'), owner: text('owner'), model: text('model') };
  },
  write: ({ by, days, keyId, owner, model }) => ({
    by: by === 'key' ? '' : by,
    days: days === USUAL_SPAN ? '' : String(days),
    key_id: keyId,
    owner,
    model,
  }),
};

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
