import type { OverviewBody, RecentBucketBody } from '../../../../src/admin/contract-live.js';

export interface Recent {
  requests: number;
  errors: number;
  refused: number;
  inputTokens: number;
  outputTokens: number;
  /** Of the buckets' own medians, weighted by their requests: near enough for a number at a glance. */
  ttftP50Ms: number | null;
  /** What 95 of 100 buckets stay within, each taken by its own p95. */
  ttftP95Ms: number | null;
  queueP95Ms: number | null;
}

/** The last `seconds` of an overview taken together. */
export function sumOf(overview: OverviewBody, seconds: number): Recent {
  const buckets = overview.buckets.filter(({ at }) => at > overview.at - seconds);
  const sum = (of: (bucket: RecentBucketBody) => number): number =>
    buckets.reduce((total, bucket) => total + of(bucket), 0);
  return {
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    refused: sum(({ refused }) => refused),
    inputTokens: sum((bucket) => bucket.input_tokens),
    outputTokens: sum((bucket) => bucket.output_tokens),
    ttftP50Ms: weighted(buckets),
    ttftP95Ms: quantile(buckets.map((bucket) => bucket.ttft_p95_ms)),
    queueP95Ms: quantile(buckets.map((bucket) => bucket.queue_p95_ms)),
  };
}

function weighted(buckets: readonly RecentBucketBody[]): number | null {
  let weight = 0;
  let total = 0;
  for (const { ttft_p50_ms: median, requests } of buckets) {
    if (median === null) continue;
    weight += requests;
    total += median * requests;
  }
  return weight === 0 ? null : total / weight;
}

/** The value that 95 of 100 buckets stay within. */
function quantile(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((left, right) => left - right);
  return known[Math.ceil(known.length * 0.95) - 1] ?? null;
}
