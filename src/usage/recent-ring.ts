import type { RecentBucket, RecentPort } from '../admin/ports.js';
import type { Clock } from '../core/clock.js';
import type { Settlement } from './ledger.js';
import type { RequestRow } from './request-row.js';
import { Samples } from './samples.js';

/** The last hour in pieces of ten seconds, for whoever watches. In memory alone: it begins anew with the process. */
export interface RecentRing extends RecentPort {
  /** Counts a request that ended, and keeps nothing of it. */
  add(row: RequestRow, settled: Settlement | null): void;
}

const BUCKET_SECONDS = 10;
const RECENT_BUCKETS = 360;
/** The one of whom nothing has ended for longest is forgotten first. */
const MOST_OWNERS = 100;

export function createRecentRing(clock: Clock): RecentRing {
  return new Ring(clock);
}

class Ring implements RecentRing {
  readonly #clock: Clock;
  readonly #all = new Series();
  readonly #owners = new Map<string, Series>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(row: RequestRow, settled: Settlement | null): void {
    const at = bucketOf(row.startedAtMs + row.durationMs);
    this.#all.bucket(at).take(row, settled);
    if (row.owner !== null) this.#seriesOf(row.owner, at).bucket(at).take(row, settled);
  }

  buckets(owner: string | null): RecentBucket[] {
    const newest = bucketOf(this.#clock.now());
    const series = this.#shownSeries(owner);
    return Array.from({ length: RECENT_BUCKETS }, (_, at) =>
      series.shown(newest - (RECENT_BUCKETS - 1 - at) * BUCKET_SECONDS, newest),
    );
  }

  newest(owner: string | null): { bucket: RecentBucket; previous: RecentBucket } {
    const newest = bucketOf(this.#clock.now());
    const series = this.#shownSeries(owner);
    return { bucket: series.shown(newest, newest), previous: series.shown(newest - BUCKET_SECONDS, newest) };
  }

  #shownSeries(owner: string | null): Series {
    return owner === null ? this.#all : (this.#owners.get(owner) ?? new Series());
  }

  #seriesOf(owner: string, at: number): Series {
    const known = this.#owners.get(owner);
    if (known?.newestAt === at) return known;
    const series = known ?? new Series();
    this.#owners.delete(owner);
    this.#owners.set(owner, series);
    if (this.#owners.size > MOST_OWNERS) this.#owners.delete(this.#owners.keys().next().value ?? owner);
    return series;
  }
}

function bucketOf(unixMs: number): number {
  return Math.floor(unixMs / (1000 * BUCKET_SECONDS)) * BUCKET_SECONDS;
}

/** The buckets in which something ended, by their start. */
class Series {
  /** Of the bucket that was counted in last: nearly always the one that is wanted. */
  newestAt = -1;
  #newest = new Bucket();
  readonly #buckets = new Map<number, Bucket>();

  bucket(at: number): Bucket {
    if (at !== this.newestAt) {
      this.newestAt = at;
      this.#newest = this.#buckets.get(at) ?? this.#open(at);
    }
    return this.#newest;
  }

  shown(at: number, newest: number): RecentBucket {
    const bucket = this.#buckets.get(at);
    // Whatever ended in it is in it by now.
    if (bucket !== undefined && at < newest - BUCKET_SECONDS) bucket.finish();
    return (bucket ?? new Bucket()).shown(at);
  }

  #open(at: number): Bucket {
    const bucket = new Bucket();
    this.#buckets.set(at, bucket);
    for (const old of this.#buckets.keys()) {
      if (old > at - RECENT_BUCKETS * BUCKET_SECONDS) break;
      this.#buckets.delete(old);
    }
    // Times that jump leave the order; the bound holds all the same.
    if (this.#buckets.size > RECENT_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value ?? at);
    return bucket;
  }
}

class Bucket {
  #requests = 0;
  #errors = 0;
  #refused = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  readonly #ttft = new Samples();
  readonly #queue = new Samples();

  take(row: RequestRow, settled: Settlement | null): void {
    this.#requests += 1;
    if (isError(row)) this.#errors += 1;
    else if (row.status >= 400 || row.code !== null) this.#refused += 1;
    if (row.streamed && row.status < 400 && row.firstByteMs !== null) this.#ttft.add(row.firstByteMs);
    if (settled === null) return;
    this.#inputTokens += settled.inputTokens;
    this.#outputTokens += settled.outputTokens;
    this.#queue.add(settled.queuedMs);
  }

  /** Keeps the results and gives the samples back. */
  finish(): void {
    this.#ttft.finish();
    this.#queue.finish();
  }

  shown(at: number): RecentBucket {
    return {
      at,
      requests: this.#requests,
      errors: this.#errors,
      refused: this.#refused,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      ttftP50Ms: this.#ttft.quantile(0.5),
      ttftP95Ms: this.#ttft.quantile(0.95),
      queueP95Ms: this.#queue.quantile(0.95),
    };
  }
}

/** Broken off by the other side counts too: its answer had begun with a good status. */
function isError({ status, code }: RequestRow): boolean {
  return status >= 500 || code === 'upstream_interrupted' || code === 'upstream_timeout';
}
