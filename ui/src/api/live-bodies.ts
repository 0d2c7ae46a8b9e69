import type { RequestRowBody, StreamBody } from '../../../src/admin/contract-activity.js';

/** Ten seconds of finished requests. */
export interface OverviewBucketBody {
  at: number;
  requests: number;
  errors: number;
  refused: number;
  input_tokens: number;
  output_tokens: number;
  ttft_p50_ms: number | null;
  ttft_p95_ms: number | null;
  queue_p95_ms: number | null;
}

export interface OverviewReplicaBody {
  id: string;
  url: string | null;
  models: string[];
  state: string;
  in_flight: number;
  max_in_flight: number | null;
  waiting: number;
}

interface Gauges {
  at: number;
  running: number;
  waiting: number;
  keys: { active: number; total: number };
  /** Null for a session that may not read replicas. */
  replicas: OverviewReplicaBody[] | null;
}

export type OverviewBody = Gauges & { buckets: OverviewBucketBody[] };
export type OverviewEventBody = Gauges & { bucket: OverviewBucketBody };
export interface StreamsEventBody {
  data: StreamBody[];
  total: number;
}
export interface RequestsEventBody {
  data: RequestRowBody[];
  skipped: number;
}
