import { describe, expect, it } from 'vitest';
import type { OverviewBody, RecentBucketBody } from '../../../../src/admin/contract-live.js';
import { withNewest } from '../../api/activity.js';
import { sumOf } from './recent.js';

const NOW = 1_800_000_000;

function bucket(at: number, part: Partial<RecentBucketBody> = {}): RecentBucketBody {
  return {
    at,
    requests: 1,
    errors: 0,
    refused: 0,
    input_tokens: 10,
    output_tokens: 5,
    ttft_p50_ms: null,
    ttft_p95_ms: null,
    queue_p95_ms: null,
    ...part,
  };
}

function overview(buckets: RecentBucketBody[]): OverviewBody {
  return { at: NOW, running: 0, waiting: 0, keys: { active: 1, total: 1 }, replicas: null, buckets };
}

describe('the numbers of the overview', () => {
  it('count what is within the span and nothing before it', () => {
    const sum = sumOf(overview([bucket(NOW - 70), bucket(NOW - 60), bucket(NOW - 50), bucket(NOW)]), 60);
    expect(sum).toMatchObject({ requests: 2, inputTokens: 20, outputTokens: 10 });
  });

  it('weigh the median by requests, and are null where nothing was measured', () => {
    expect(sumOf(overview([bucket(NOW)]), 60).ttftP50Ms).toBe(null);
    const measured = [bucket(NOW - 10, { requests: 3, ttft_p50_ms: 100 }), bucket(NOW, { ttft_p50_ms: 500 })];
    expect(sumOf(overview(measured), 60).ttftP50Ms).toBe(200);
  });
});

describe('an overview that is followed', () => {
  const told = { at: NOW + 10, running: 2, waiting: 1, keys: { active: 1, total: 1 }, replicas: null };

  it('replaces the ten seconds it had by what grew, and appends new ones', () => {
    const before = overview([bucket(NOW - 20), bucket(NOW - 10)]);
    const event = { ...told, previous: bucket(NOW - 10, { requests: 7 }), bucket: bucket(NOW, { requests: 2 }) };
    const after = withNewest(before, event);
    expect(after?.buckets.map(({ at, requests }) => [at - NOW, requests])).toEqual([
      [-20, 1],
      [-10, 7],
      [0, 2],
    ]);
    expect(after).toMatchObject({ running: 2, waiting: 1 });
    expect(withNewest(after, event)?.buckets).toEqual(after?.buckets);
  });

  it('holds an hour and no more', () => {
    const full = overview(Array.from({ length: 360 }, (_bucket, at) => bucket(NOW - (359 - at) * 10)));
    const after = withNewest(full, { ...told, previous: bucket(NOW), bucket: bucket(NOW + 10) });
    expect(after?.buckets).toHaveLength(360);
    expect(after?.buckets[0]?.at).toBe(NOW - 358 * 10);
  });
});
