/**
 * The ledger has one row for each admitted request. A row is opened before the model works and settled
 * once after; what a crash leaves open is settled at the next start. Numbers and names only.
 */

/** How well the tokens of a row are known. */
export type Certainty =
  /** The engine told them. */
  | 'reported'
  /** Counted here, from what went by. */
  | 'counted'
  /** Not known: taken from the size of what was sent, or from what was reserved. */
  | 'estimated';

/** A request as it is admitted. */
export interface LedgerEntry {
  /** `req_...` */
  requestId: string;
  /** Unix milliseconds. */
  atMs: number;
  /** Id of the caller: a key id, `local:<address>` or `<provider>:<principal>`. */
  callerId: string;
  owner: string | null;
  model: string;
  /** Canonical path on the gateway. */
  path: string;
  streamed: boolean;
  /** Reserved. */
  inputTokens: number;
  outputTokens: number;
}

/** What it came to. */
export interface Settlement {
  inputTokens: number;
  outputTokens: number;
  /** Of the input, read from the engine's cache; null = not told. */
  cachedTokens: number | null;
  certainty: Certainty;
  /** Seconds of engine time. */
  gpuSeconds: number;
  /** `reported` by the engine, else `estimated` from the time it took. */
  gpuCertainty: 'reported' | 'estimated';
  status: number;
  code: string | null;
  /** Milliseconds from admission. */
  queuedMs: number;
  firstByteMs: number | null;
  durationMs: number;
}

/** Whether a model server was given the request: one that was not has waited until its end. What a crash left open may have been. */
export function wasSent({ queuedMs, durationMs, code }: Settlement): boolean {
  return queuedMs !== durationMs || code === 'orphaned';
}

/** The row of one request, until it is settled. */
export interface OpenRow {
  /** More was reserved: `outputTokens` in all, which is what a crash would charge. */
  extended(outputTokens: number): void;
  /** Only the first call counts. */
  settle(settlement: Settlement): void;
}

/** Where admitted requests are written down. Never throws and never blocks; on disk 20 ms later. */
export interface Journal {
  open(entry: LedgerEntry): OpenRow;
  /** Rows that were admitted and are not on disk yet, and those that were dropped since the start because the disk took none. */
  readonly lag: { waiting: number; dropped: number };
}

/** What usage is put together by. `day` and `hour` are UTC. */
export type UsageGroup = 'key' | 'owner' | 'model' | 'day' | 'hour';

export interface UsageQuestion {
  /** Unix milliseconds, rounded down to the hour; exclusive end, rounded up. */
  sinceMs: number;
  untilMs: number;
  by: readonly UsageGroup[];
  /** Callers; left out = all. */
  callerIds?: readonly string[];
  owner?: string;
  model?: string;
}

/** Sums over one group; members that were not asked for are null. */
export interface UsageSum {
  callerId: string | null;
  owner: string | null;
  model: string | null;
  /** Unix milliseconds of the beginning of the day or hour. */
  fromMs: number | null;
  requests: number;
  /** Of those, answered with a status of 400 and more, or broken off. */
  failed: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  /** Requests whose tokens are an estimate. */
  estimated: number;
  gpuSeconds: number;
  /** Of `gpuSeconds`, what was estimated. */
  gpuSecondsEstimated: number;
  durationMs: number;
  queuedMs: number;
}

/** One settled row, for replays. */
export interface LedgerRow extends LedgerEntry {
  settled: Settlement;
}

/** What was used before this start, summed over one caller and model; `atMs` says in which windows it counts. */
export interface UsedBefore {
  callerId: string;
  owner: string | null;
  model: string;
  atMs: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
  gpuSeconds: number;
}

/** Reads the books. Rejects with a `Refusal` (`store_unavailable`) while they cannot be read. */
export interface Ledger {
  usage(question: UsageQuestion): Promise<UsageSum[]>;
  /** Rows in the order of their admission, in bounded pieces. */
  rows(question: {
    sinceMs: number;
    untilMs: number;
    callerIds?: readonly string[];
  }): AsyncIterable<readonly LedgerRow[]>;
}
