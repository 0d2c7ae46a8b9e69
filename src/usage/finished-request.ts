import type { Settlement } from './ledger.js';

/** What kinds of work requests ask for. The label of requests, and the name of the operation where a model works. */
export type Family =
  | 'chat'
  | 'text_completion'
  | 'embeddings'
  | 'rerank'
  | 'audio'
  | 'images'
  | 'realtime'
  | 'tokens'
  | 'models'
  | 'engine'
  | 'verify'
  | 'admin'
  | 'own_key'
  | 'housekeeping'
  | 'other';

/** How far a request had come. `arriving`: no place was looked for yet. */
export type ReachedPhase = 'arriving' | 'queued' | 'connecting' | 'waiting' | 'streaming';

/** One request that has ended, as it is counted. No free text: whatever becomes a label comes from a set that clients cannot enlarge. */
export interface FinishedRequest {
  family: Family;
  /** `named`: in the configuration, `found`: in the list of a model server, `foreign`: a name that a client chose, `none`: no model was asked for. */
  modelFrom: 'named' | 'found' | 'foreign' | 'none';
  /** Read for `named` and `found` alone. */
  model: string;
  /** Engine of the replica; empty when none was asked. */
  engine: string;
  status: number;
  /** Error code or end of a stream. */
  code: string | null;
  /** Which rule refused; null = the code says it all. */
  rule: string | null;
  /** The scope that was needed. */
  scope: string;
  caller: { kind: 'key' | 'local' | 'delegate'; id: string } | null;
  phase: ReachedPhase;
  streamed: boolean;
  /** A place on a replica was looked for. */
  soughtPlace: boolean;
  attempts: number;
  /** Milliseconds. Those that are null never happened. */
  queuedMs: number;
  bodyMs: number;
  sentMs: number | null;
  firstByteMs: number | null;
  durationMs: number;
  bytesIn: number;
  bytesOut: number;
  /** As the ledger has it; null = it was not admitted. */
  settled: Settlement | null;
}
