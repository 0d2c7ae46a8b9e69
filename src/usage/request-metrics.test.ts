import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinishedRequest } from './finished-request.js';
import { Buckets } from './metric-cells.js';
import { RequestMetrics } from './request-metrics.js';

function finished(more: Partial<FinishedRequest> = {}): FinishedRequest {
  return {
    family: 'chat',
    modelFrom: 'named',
    model: 'qwen3',
    engine: 'vllm',
    status: 200,
    code: null,
    rule: null,
    scope: 'infer:chat',
    caller: { kind: 'key', id: 'abcdefghijkl' },
    phase: 'streaming',
    streamed: true,
    soughtPlace: true,
    attempts: 1,
    queuedMs: 0,
    bodyMs: 0,
    sentMs: 1,
    firstByteMs: 10,
    durationMs: 100,
    bytesIn: 10,
    bytesOut: 10,
    settled: {
      inputTokens: 7,
      outputTokens: 3,
      cachedTokens: null,
      certainty: 'reported',
      gpuSeconds: 0.1,
      gpuCertainty: 'estimated',
      status: 200,
      code: null,
      queuedMs: 0,
      firstByteMs: 10,
      durationMs: 99,
    },
    ...more,
  };
}

function labelsOf(metrics: RequestMetrics, name: 'requests' | 'auth' | 'denials' | 'aborts' | 'keyRequests'): string[] {
  const { samples } = metrics.sources()[name];
  return (samples?.() ?? []).filter(({ value }) => value > 0).map(({ labels }) => labels.join(' '));
}

describe('buckets', () => {
  it('hold each number in the first bucket whose bound is not below it', () => {
    const bounds = [0.5, 1, 2, 8];
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
        const buckets = new Buckets(bounds);
        for (const value of values) buckets.observe(value);
        const inBucket = (at: number): number =>
          values.filter((value) => value <= (bounds[at] ?? Infinity) && value > (bounds[at - 1] ?? -1)).length;
        expect([...buckets.counts]).toEqual([0, 1, 2, 3, 4].map(inBucket));
        expect(buckets.sum).toBeCloseTo(
          values.reduce((sum, value) => sum + value, 0),
          6,
        );
      }),
    );
  });

  it('leave out what is no number or less than nothing', () => {
    const buckets = new Buckets([1]);
    for (const value of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) buckets.observe(value);
    expect([buckets.isEmpty, buckets.sum]).toEqual([true, 0]);
  });
});

describe('labels', () => {
  it('of models that servers list end at a bound, and those of the configuration are always there', () => {
    const metrics = new RequestMetrics({ keyLabel: false });
    for (let at = 0; at < 1000; at += 1) metrics.count(finished({ modelFrom: 'found', model: `found-${at}` }));
    metrics.count(finished({ modelFrom: 'found', model: 'found-3' }));
    metrics.count(finished({ model: 'configured' }));
    const labels = labelsOf(metrics, 'requests');
    expect(labels).toHaveLength(202);
    expect(labels).toContain('chat configured 2xx');
    expect(
      metrics
        .sources()
        .requests.samples?.()
        .find(({ labels: [, model] }) => model === 'found-3')?.value,
    ).toBe(2);
  });

  it('never have a name that a client chose', () => {
    const metrics = new RequestMetrics({ keyLabel: true });
    for (let at = 0; at < 100; at += 1) {
      const caller = { kind: 'delegate', id: `github:${at}` } as const;
      metrics.count(finished({ modelFrom: 'foreign', model: `m${at}`, caller }));
    }
    expect(labelsOf(metrics, 'requests')).toEqual(['chat other 2xx']);
    expect(labelsOf(metrics, 'keyRequests')).toEqual(['other']);
  });

  it('of keys end at a bound; keys that were there before go on under their own', () => {
    const metrics = new RequestMetrics({ keyLabel: true });
    const use = (id: string): void => metrics.count(finished({ caller: { kind: 'key', id } }));
    for (let at = 0; at < 12_000; at += 1) use(`key-${at}`);
    const before = labelsOf(metrics, 'keyRequests').length;
    use('key-5');
    use('key-11999');
    expect([before, labelsOf(metrics, 'keyRequests').length]).toEqual([10_001, 10_001]);
    const counts = new Map(
      metrics
        .sources()
        .keyRequests.samples?.()
        .map(({ labels: [id], value }) => [id, value]),
    );
    expect([counts.get('key-5'), counts.get('other')]).toEqual([2, 2001]);
  });
});

describe('why a request was not served', () => {
  it.each([
    ['missing_api_key', null, 'refused missing'],
    ['invalid_api_key', 'known key', 'refused unknown'],
    ['invalid_api_key', 'not revoked', 'refused revoked'],
    ['invalid_api_key', 'not expired', 'refused expired'],
    ['invalid_api_key', 'address allowed', 'refused address'],
    ['invalid_api_key', null, 'refused other'],
    ['conflicting_credentials', null, 'refused conflicting'],
    ['rate_limit_exceeded', 'failures_per_minute', 'refused throttled'],
    ['auth_unavailable', null, 'unavailable provider'],
    ['rate_limit_exceeded', 'requests_per_minute', 'accepted key'],
    ['missing_scope', 'scope held', 'accepted key'],
  ])('%s by the rule %s is about the credential: %s', (code, rule, told) => {
    const metrics = new RequestMetrics({ keyLabel: false });
    metrics.count(finished({ status: 401, code, rule, settled: null, sentMs: null, phase: 'arriving' }));
    expect(labelsOf(metrics, 'auth')).toEqual([told]);
  });

  it.each([
    ['missing_scope', 'scope held', 'scope infer:chat'],
    ['missing_scope', 'route permitted', 'route infer:chat'],
    ['model_not_found', 'model allowed', 'model qwen3'],
    ['insufficient_quota', 'tokens_per_day', 'limit tokens_per_day'],
  ])('%s by the rule %s is a denial: %s', (code, rule, told) => {
    const metrics = new RequestMetrics({ keyLabel: false });
    metrics.count(finished({ status: 403, code, rule, settled: null, sentMs: null, phase: 'arriving' }));
    expect(labelsOf(metrics, 'denials')).toEqual([told]);
    expect(labelsOf(metrics, 'aborts')).toEqual([]);
  });

  it.each([
    ['client_gone', 'queued', ['queued client_gone']],
    ['upstream_timeout', 'streaming', ['streaming upstream_timeout']],
    ['upstream_timeout', 'waiting', []],
    ['key_revoked', 'waiting', ['waiting key_revoked']],
  ] as const)('%s while it is %s is an end in the middle: %j', (code, phase, told) => {
    const metrics = new RequestMetrics({ keyLabel: false });
    metrics.count(finished({ code, phase }));
    expect(labelsOf(metrics, 'aborts')).toEqual(told);
  });
});
