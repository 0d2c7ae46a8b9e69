/** One finished request, as the request log keeps it. Numbers and names only: no prompt, no answer, no secret. */
export interface RequestRow {
  /** `req_...`, unique. */
  id: string;
  /** Unix milliseconds when the head of the request was complete. */
  startedAtMs: number;
  method: string;
  /** Canonical path, no query. */
  path: string;
  status: number;
  /** Error code or stream end, null when all went well. */
  code: string | null;
  /** The inner reason of a refusal, for operators. */
  reason: string | null;
  /** Null when nobody was identified. */
  keyId: string | null;
  /** True when the secret before the last rotation was shown. */
  previousSecret: boolean;
  owner: string | null;
  /** Socket peer. */
  address: string;
  /** Canonical model name, null when none was resolved. */
  model: string | null;
  /** Base URL of the replica without credentials, null when none was asked. */
  replica: string | null;
  streamed: boolean;
  /** Milliseconds from `startedAtMs`; null when it never happened. */
  firstByteMs: number | null;
  durationMs: number;
  bytesIn: number;
  bytesOut: number;
  attempts: number;
  /** The client's own request id, `[A-Za-z0-9._-]{1,64}`, or null. */
  correlationId: string | null;
  userAgent: string | null;
}

export interface RequestFilter {
  keyId?: string;
  owner?: string;
  model?: string;
  /** `404` or a class such as `4xx`. */
  status?: string;
  sinceMs?: number;
}

/** Where finished requests go. Never throws, never blocks: what cannot be written is counted as dropped. */
export interface RequestLog {
  /** Takes the row; batches are written off the main thread. Refusals above 20 a second per code are sampled, their counts stay exact. */
  record(row: RequestRow): void;
  /** Newest first. */
  list(
    filter: RequestFilter,
    page: { limit: number; after?: string },
  ): Promise<{ data: RequestRow[]; next: string | null }>;
  /** Calls `watcher` with every recorded row from now on; returns the way to stop. */
  watch(watcher: (row: RequestRow) => void): () => void;
  /** Addresses and models a key used in the last 24 hours. */
  recentUse(keyIds: readonly string[]): Promise<{ addresses: string[]; models: string[] }>;
  /** Rows that could not be written since the start. */
  readonly dropped: number;
  close(): Promise<void>;
}

/** Remembers when each key and each of its secrets was last used. Kept by itself, independent of the log's retention. */
export interface LastUse {
  touch(keyId: string, slot: 'current' | 'previous', unixSeconds: number): void;
  /** Last use as known now (memory first, then store). Null = never. */
  of(keyId: string): { current: number | null; previous: number | null };
}
