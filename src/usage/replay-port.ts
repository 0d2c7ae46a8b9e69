import type { LimitName } from '../core/limits.js';
import type { Ledger } from './ledger.js';

/** Whose use a replayed limit bounds. */
export type ReplaySubject = 'key' | 'owner' | 'model';

/** Limits to be tried on what was admitted before. */
export interface ReplayQuestion {
  limits: Readonly<Partial<Record<LimitName, number>>>;
  /** Each of these gets the limits for itself. */
  per: ReplaySubject;
  /** Unix milliseconds; the end is exclusive. */
  sinceMs: number;
  untilMs: number;
  /** Only requests of these callers. */
  callerIds?: readonly string[];
  /** Only requests of this owner. */
  owner?: string;
}

/** Refusals by one limit. Times are Unix milliseconds. */
export interface LimitRefusals {
  limit: LimitName;
  /** The account whose limit it was: of a derived key this may be one above it. */
  account: string;
  refused: number;
  firstMs: number;
  lastMs: number;
}

/** What would have happened to one key, owner or model. */
export interface SubjectVerdict {
  /** Caller id, name of the owner or name of the model. */
  subject: string;
  requests: number;
  refused: number;
  /** Admitted, with a budget too small for the whole answer. */
  shortened: number;
  /** Used, input and output together. */
  tokens: number;
  /** Of those, by the requests that would have been refused. */
  refusedTokens: number;
  /** By limit, the one that refused most first. Empty = none refused. */
  limits: LimitRefusals[];
}

export interface ReplayOutcome {
  /** Requests that were judged. */
  requests: number;
  refused: number;
  shortened: number;
  tokens: number;
  refusedTokens: number;
  /** Requests without a subject, such as those of callers without an owner: they have no such limit. */
  unbound: number;
  /** How many keys, owners or models there were. */
  subjects: number;
  /** Those of which a request would have been refused or shortened; the one with most refusals first. */
  hit: SubjectVerdict[];
}

/** How far a replay has come. */
export interface ReplayProgress {
  rows: number;
  /** Part of the time that is done, 0 to 1. */
  share: number;
}

export interface ReplayWatch {
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  progress(progress: ReplayProgress): void;
}

/** What was used, and what other limits would have made of it. */
export interface UsagePort extends Pick<Ledger, 'usage'> {
  /**
   * Runs the limits over the ledger, beside whatever else goes on. Rejects with a `Refusal`: `conflict`
   * while another replay runs, `client_gone` after the abort, `store_unavailable` as the ledger does.
   */
  replay(question: ReplayQuestion, watch: ReplayWatch): Promise<ReplayOutcome>;
}
