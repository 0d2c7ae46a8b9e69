import { unixSeconds } from '../core/clock.js';
import type { AdminCaller } from './caller.js';
import type { OverviewBody, OverviewEventBody, RecentBucketBody, StreamsEventBody } from './contract-live.js';
import type { AdminPorts, RecentBucket, RunningRequest } from './ports.js';
import { replicaToWire } from './replicas.js';
import type { AdminSettings } from './settings.js';
import { streamToWire } from './wire-activity.js';

export type Holder = AdminCaller['holder'];

/** What a view is made of. */
export interface ViewParts {
  ports: AdminPorts;
  settings: AdminSettings;
}

const MOST_STREAMS = 200;

/** The gateway at one moment, each part read once however many look at it. */
export class LiveView {
  readonly #parts: ViewParts;
  #running: RunningRequest[] | null = null;
  #replicas: OverviewBody['replicas'] = null;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  overview(holder: Holder): OverviewBody {
    const buckets = this.#parts.ports.recent?.buckets(ownerOf(holder)) ?? [];
    return { ...this.#gauges(holder), buckets: buckets.map(bucketToWire) };
  }

  /** With the running bucket and the one before it alone; null while no gateway runs. */
  newest(holder: Holder): OverviewEventBody | null {
    const newest = this.#parts.ports.recent?.newest(ownerOf(holder));
    if (newest === undefined) return null;
    const { bucket, previous } = newest;
    return { ...this.#gauges(holder), bucket: bucketToWire(bucket), previous: bucketToWire(previous) };
  }

  streams(holder: Holder): StreamsEventBody {
    const own = this.#runningOf(holder);
    return { data: own.slice(0, MOST_STREAMS).map(streamToWire), total: own.length };
  }

  #gauges(holder: Holder): Omit<OverviewBody, 'buckets'> {
    const { ports, settings } = this.#parts;
    const own = this.#runningOf(holder);
    const waiting = own.filter(({ phase }) => phase === 'queued').length;
    return {
      at: unixSeconds(settings.clock),
      running: own.length - waiting,
      waiting,
      keys: ports.keyCounts(ownerOf(holder)),
      replicas: this.#replicasFor(holder),
    };
  }

  #runningOf(holder: Holder): RunningRequest[] {
    this.#running ??= this.#parts.ports.streams?.list() ?? [];
    const owner = ownerOf(holder);
    return owner === null ? this.#running : this.#running.filter((one) => one.owner === owner);
  }

  #replicasFor(holder: Holder): OverviewBody['replicas'] {
    if (!holdsScope(holder, 'replicas:read', this.#parts.settings) || ownerOf(holder) !== null) return null;
    return (this.#replicas ??= (this.#parts.ports.replicas?.list() ?? [])
      .map(replicaToWire)
      .map(({ id, url, models, state, in_flight, max_in_flight, waiting }) => ({
        id,
        url,
        models,
        state,
        in_flight,
        max_in_flight,
        waiting,
      })));
  }
}

/** Whose part of everything the holder sees; null = all. */
export function ownerOf(holder: Holder): string | null {
  return holder === 'operator' ? null : holder.owner;
}

export function holdsScope(holder: Holder, scope: string, { covers }: AdminSettings): boolean {
  return holder === 'operator' || holder.scopes.some((granted) => covers(granted, scope));
}

function bucketToWire(bucket: RecentBucket): RecentBucketBody {
  return {
    at: bucket.at,
    requests: bucket.requests,
    errors: bucket.errors,
    refused: bucket.refused,
    input_tokens: bucket.inputTokens,
    output_tokens: bucket.outputTokens,
    ttft_p50_ms: bucket.ttftP50Ms,
    ttft_p95_ms: bucket.ttftP95Ms,
    queue_p95_ms: bucket.queueP95Ms,
  };
}
