import type { LastUses } from '../usage/last-use-map.js';
import type { RefusalCount } from '../usage/refusal-sampler.js';
import type { RequestFilter } from '../usage/request-row.js';
import type { RequestTuple } from './usage-rows.js';
import type { SqlRow } from './sqlite/driver.js';

/** What the worker of `usage.db` is started with. */
export interface UsageWorkerData {
  path: string;
}

/** What the main thread asks of the worker of `usage.db`. */
export interface UsageApi {
  /** Opens the store. `pending` says why it cannot be opened now though it may be later; a file that is unusable rejects. */
  open(args: null): { uses: LastUses; pending: null } | { uses: null; pending: string };
  /** Writes rows in one transaction; answers how many were not fit to be written. */
  write(rows: readonly RequestTuple[]): number;
  note(args: { uses: LastUses | null; refusals: readonly RefusalCount[] }): void;
  /** Newest first, only rows before the position `before`. */
  list(args: { filter: RequestFilter; limit: number; before: number | null }): SqlRow[];
  recentUse(args: { keyIds: readonly string[]; sinceMs: number }): { addresses: string[]; models: string[] };
  /** One bounded step of forgetting. True when there is more to do. */
  tidy(args: { requestsBeforeMs: number; usesBeforeMs: number }): boolean;
}
