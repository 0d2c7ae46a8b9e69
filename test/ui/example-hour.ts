import type { OverviewBody } from '../../src/admin/contract-live.js';
import { repeatableRandom } from '../support/random.js';

type Bucket = OverviewBody['buckets'][number];

/** What an hour of a busy office looks like: waves of requests, a few refusals, a short queue. */
export function exampleHour(buckets: readonly Bucket[]): Bucket[] {
  const random = repeatableRandom(6);
  return buckets.map(({ at }, place) => {
    const requests = Math.round(14 + 8 * Math.sin(place / 40) + random.below(7));
    const firstTokenMs = 180 + 60 * Math.sin(place / 25) + random.below(40);
    return {
      at,
      requests,
      errors: random.below(50) === 0 ? 1 : 0,
      refused: random.below(9) === 0 ? 1 + random.below(2) : 0,
      input_tokens: requests * (1100 + random.below(300)),
      output_tokens: requests * (260 + random.below(120)),
      ttft_p50_ms: Math.round(firstTokenMs),
      ttft_p95_ms: Math.round(firstTokenMs * 2.1 + random.below(120)),
      queue_p95_ms: requests > 20 ? 20 + random.below(180) : random.below(6),
    };
  });
}
