import { queryOptions } from '@tanstack/react-query';
import type {
  RequestListBody,
  RequestRowBody,
  StreamBody,
  StreamListBody,
} from '../../../src/admin/contract-activity.js';
import type { ExplainBody, ExplanationBody, ModelListBody } from '../../../src/admin/contract-gateway.js';
import type { UsageListBody, UsageRowBody } from '../../../src/admin/contract-usage.js';
import { api, pathOf } from './client.js';
import type { OverviewBody, OverviewEventBody } from '../../../src/admin/contract-live.js';

export type { ExplanationBody, RequestRowBody, StreamBody, UsageRowBody };

const MOST_BUCKETS = 360;

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => api.get<OverviewBody>(pathOf('/overview'), signal),
});

/** The overview with what just came: newer forms of its last ten seconds and of those before, or ten seconds more. */
export function withNewest(overview: OverviewBody | undefined, event: OverviewEventBody): OverviewBody | undefined {
  if (overview === undefined) return undefined;
  const { bucket, previous, ...gauges } = event;
  const earlier = overview.buckets.filter(({ at }) => at < previous.at);
  return { ...overview, ...gauges, buckets: [...earlier, previous, bucket].slice(-MOST_BUCKETS) };
}

export const streamsQuery = queryOptions({
  queryKey: ['streams'],
  queryFn: async ({ signal }) => {
    const { data } = await api.get<StreamListBody>(pathOf('/streams'), signal);
    return { data, total: data.length };
  },
});

/** Use of one key for each UTC day since `since` (Unix seconds), oldest first. */
export function usageByDayQuery(keyId: string, since: number) {
  return queryOptions({
    queryKey: ['usage', 'day', keyId, since],
    queryFn: async ({ signal }) => {
      const path = pathOf('/usage', { by: 'day', key_id: keyId, since, limit: 1000 });
      return (await api.get<UsageListBody>(path, signal)).data;
    },
  });
}

/** Requests of a key, newest first. */
export function requestsOfKeyQuery(keyId: string) {
  return queryOptions({
    queryKey: ['requests', 'key', keyId],
    queryFn: async ({ signal }) =>
      (await api.get<RequestListBody>(pathOf('/requests', { key_id: keyId, limit: 100 }), signal)).data,
  });
}

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await api.get<ModelListBody>(pathOf('/models'), signal)).data,
  staleTime: 60_000,
});

export function explain(question: ExplainBody): Promise<ExplanationBody> {
  return api.post<ExplanationBody>(pathOf('/explain'), question);
}

export function endStream(id: string): Promise<unknown> {
  return api.delete(pathOf(`/streams/${encodeURIComponent(id)}`));
}
