/** What is counted of the requests of one worker or model. */
export interface Counts {
  requests: number;
  success: number;
  errors: number;
}

interface WorkerRecord extends Counts {
  /** Milliseconds of the latest answers, oldest first. */
  recentMs: number[];
  lastMs: number;
}

/** How one request at a worker went. */
export interface Handled {
  /** URL of the worker. */
  worker: string;
  model: string;
  success: boolean;
  durationMs: number;
}

/** The last ten answers are averaged. */
const RECENT = 10;

/** Counts what the workers did since the start. One that is no longer named is forgotten. */
export class WorkerBook {
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #models = new Map<string, Counts>();
  readonly #total: Counts = { requests: 0, success: 0, errors: 0 };

  record({ worker, model, success, durationMs }: Handled): void {
    const record = this.#workers.get(worker) ?? { requests: 0, success: 0, errors: 0, recentMs: [], lastMs: 0 };
    this.#workers.set(worker, record);
    const counts = this.#models.get(model) ?? { requests: 0, success: 0, errors: 0 };
    this.#models.set(model, counts);
    for (const one of [record, counts, this.#total]) {
      one.requests += 1;
      if (success) one.success += 1;
      else one.errors += 1;
    }
    record.lastMs = durationMs;
    if (success) record.recentMs = [...record.recentMs.slice(1 - RECENT), durationMs];
  }

  /** Keeps these workers and models only, so that names that come and go take no room. */
  keep(workers: ReadonlySet<string>, models: ReadonlySet<string>): void {
    for (const url of this.#workers.keys()) if (!workers.has(url)) this.#workers.delete(url);
    for (const name of this.#models.keys()) if (!models.has(name)) this.#models.delete(name);
  }

  get total(): Counts {
    return { ...this.#total };
  }

  model(name: string): Counts {
    return { ...(this.#models.get(name) ?? NONE) };
  }

  /** The counts of a worker as `/status` shows them; times in milliseconds with one decimal. */
  worker(url: string): Counts & { avg_recent_latency_ms: number; last_duration_ms: number } {
    const { requests, success, errors, recentMs, lastMs } = this.#workers.get(url) ?? {
      ...NONE,
      recentMs: [],
      lastMs: 0,
    };
    const sum = recentMs.reduce((one, other) => one + other, 0);
    return {
      requests,
      success,
      errors,
      avg_recent_latency_ms: tenths(sum / Math.max(1, recentMs.length)),
      last_duration_ms: tenths(lastMs),
    };
  }
}

const NONE: Counts = { requests: 0, success: 0, errors: 0 };

/** Rounded to one decimal. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
