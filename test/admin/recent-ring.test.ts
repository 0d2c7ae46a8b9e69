import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecentBucket } from '../../src/admin/ports.js';
import type { Settlement } from '../../src/usage/ledger.js';
import { createRecentRing } from '../../src/usage/recent-ring.js';
import { handClock } from '../support/hand-clock.js';
import { requestRow } from './request-row.js';

const BEGIN_MS = 1_700_000_000_000;

const settled = (changes: Partial<Settlement> = {}): Settlement => ({
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: null,
  certainty: 'reported',
  gpuSeconds: 0,
  gpuCertainty: 'estimated',
  status: 200,
  code: null,
  queuedMs: 0,
  firstByteMs: null,
  durationMs: 0,
  ...changes,
});

function ring() {
  const clock = handClock(BEGIN_MS);
  const recent = createRecentRing(clock);
  const end = (row: Parameters<typeof requestRow>[0] = {}, settlement: Settlement | null = null): void =>
    recent.add(requestRow({ startedAtMs: clock.wallMs, ...row }), settlement);
  return { clock, recent, end };
}

const sum = (buckets: readonly RecentBucket[], member: 'requests' | 'inputTokens'): number =>
  buckets.reduce((total, bucket) => total + bucket[member], 0);

describe('the last hour', () => {
  it('is 360 pieces of ten seconds without a gap, the running one last', () => {
    const { recent, end } = ring();
    end();
    const buckets = recent.buckets(null);
    expect(buckets).toHaveLength(360);
    expect([buckets.at(-2), buckets.at(-1)]).toEqual([recent.newest(null).previous, recent.newest(null).bucket]);
    expect(buckets.at(-1)).toMatchObject({ at: BEGIN_MS / 1000, requests: 1 });
    expect(buckets[0]?.at).toBe(BEGIN_MS / 1000 - 3590);
  });

  it('counts a request where it ended', () => {
    const { clock, recent, end } = ring();
    end({ durationMs: 25_000 });
    clock.pass(30_000);
    expect(
      recent
        .buckets(null)
        .slice(-4)
        .map(({ requests }) => requests),
    ).toEqual([0, 0, 1, 0]);
  });

  it('tells failures of servers, and cut answers, from what was refused', () => {
    const { recent, end } = ring();
    end({ status: 502, code: 'upstream_error' });
    end({ status: 200, code: 'upstream_interrupted' });
    end({ status: 429, code: 'rate_limit_exceeded' });
    end({ status: 200, code: 'key_revoked' });
    expect(recent.newest(null).bucket).toMatchObject({ requests: 4, errors: 2, refused: 2 });
  });

  it('has quantiles of what was measured, and null where nothing was', () => {
    const { clock, recent, end } = ring();
    expect(recent.newest(null).bucket).toMatchObject({ ttftP50Ms: null, ttftP95Ms: null, queueP95Ms: null });
    for (let value = 1; value <= 100; value += 1)
      end({ streamed: true, firstByteMs: value }, settled({ queuedMs: value * 2 }));
    end({ streamed: false, firstByteMs: 9999 });
    const expected = { ttftP50Ms: 50, ttftP95Ms: 95, queueP95Ms: 190 };
    expect(recent.newest(null).bucket).toMatchObject(expected);
    clock.pass(60_000);
    expect(recent.buckets(null).find(({ requests }) => requests > 0)).toMatchObject(expected);
  });

  it('loses nothing within the hour, shows nothing beyond it, and each owner his own: against a plain list', () => {
    const step = fc.record({
      owner: fc.constantFrom(null, 'alice', 'bob'),
      passMs: fc.integer({ min: 0, max: 400_000 }),
      inputTokens: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, recent, end } = ring();
        const all: { atMs: number; owner: string | null; inputTokens: number }[] = [];
        for (const { owner, passMs, inputTokens } of steps) {
          clock.pass(passMs);
          end({ owner }, settled({ inputTokens }));
          all.push({ atMs: clock.wallMs, owner, inputTokens });
        }
        const first = (recent.buckets(null)[0]?.at ?? 0) * 1000;
        for (const owner of [null, 'alice', 'bob']) {
          const own = all.filter((one) => one.atMs >= first && (owner === null || one.owner === owner));
          const buckets = recent.buckets(owner);
          expect([sum(buckets, 'requests'), sum(buckets, 'inputTokens')]).toEqual([
            own.length,
            own.reduce((total, { inputTokens }) => total + inputTokens, 0),
          ]);
        }
      }),
    );
  });

  it('forgets the owner of whom nothing has ended for longest, beyond a hundred', () => {
    const { clock, recent, end } = ring();
    for (let count = 0; count <= 100; count += 1) {
      end({ owner: `owner-${count}` });
      clock.pass(10);
    }
    expect(sum(recent.buckets('owner-0'), 'requests')).toBe(0);
    expect(sum(recent.buckets('owner-100'), 'requests')).toBe(1);
    expect(sum(recent.buckets(null), 'requests')).toBe(101);
  });
});
