import type { Priority } from '../core/limits.js';

/** What the place of a waiting request depends on. */
export interface FairShare {
  /** Whose turn it is: requests of one name share one turn. A key id or caller id. */
  name: string;
  /** Share of the turns, at least 1. */
  weight: number;
  priority: Priority;
  /** Tokens it is expected to cost, input and output. */
  tokens: number;
  /** The client gives up after so long; null = it did not say. */
  patienceMs: number | null;
}
