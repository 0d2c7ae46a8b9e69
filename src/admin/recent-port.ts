/** What ended within ten seconds. Durations are milliseconds; null = there was nothing to measure. */
export interface RecentBucket {
  /** Begin of the ten seconds, Unix seconds. */
  at: number;
  requests: number;
  /** Of those, failed for a reason of ours or of a model server, or broken off. */
  errors: number;
  /** Of those, refused: asked wrongly, or beyond rights and limits. */
  refused: number;
  inputTokens: number;
  outputTokens: number;
  /** Of streams: until the first byte of their answer. */
  ttftP50Ms: number | null;
  ttftP95Ms: number | null;
  /** Of what was admitted: until it had its place on a server. */
  queueP95Ms: number | null;
}

/** The last hour, in memory. `owner` null = everybody. */
export interface RecentPort {
  /** Oldest first, the running one last; those in which nothing ended too. */
  buckets(owner: string | null): RecentBucket[];
  /** The running one, and the one before it. */
  newest(owner: string | null): { bucket: RecentBucket; previous: RecentBucket };
}
