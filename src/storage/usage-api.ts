import type { LineColumns } from '../usage/journal-lines.js';
import type { LastUses } from '../usage/last-use-map.js';
import type { RefusalCount } from '../usage/refusal-sampler.js';
import type { UsedBefore } from '../usage/ledger.js';
import type { RequestFilter } from '../usage/request-row.js';
import type { RequestTuple } from './usage-rows.js';
import type { SqlRow } from './sqlite/driver.js';

/** What the worker of `usage.db` is started with. */
export interface UsageWorkerData {
  path: string;
  /** Names this process among those that wrote the ledger. */
  run: number;
}

/** What an open store tells. */
export interface OpenedUsage {
  uses: LastUses;
  /** Use of this month before this start. */
  before: UsedBefore[];
  /** Requests that a crash left open and that were settled now. */
  orphans: number;
}

/** What the main thread asks of the worker of `usage.db`. */
export interface UsageApi {
  /** Opens the store. `pending` says why it cannot be opened now though it may be later; a file that is unusable rejects. */
  open(args: { nowMs: number }): { opened: OpenedUsage; pending: null } | { opened: null; pending: string };
  /** Writes rows in one transaction; answers how many were not fit to be written. */
  write(rows: readonly RequestTuple[]): number;
  /** Writes lines of the journal in one transaction, and may be asked so again; answers how many were not fit to be written. */
  book(lines: LineColumns): number;
  note(args: { uses: LastUses | null; refusals: readonly RefusalCount[] }): void;
  /** Newest first, only rows before the position `before`. */
  list(args: { filter: RequestFilter; limit: number; before: number | null }): SqlRow[];
  recentUse(args: { keyIds: readonly string[]; sinceMs: number }): { addresses: string[]; models: string[] };
  /** One bounded step of forgetting. True when there is more to do. */
  tidy(args: TidyBounds): boolean;
}

/** What lies before these moments is forgotten; Unix milliseconds. */
export interface TidyBounds {
  requestsBeforeMs: number;
  usesBeforeMs: number;
  ledgerBeforeMs: number;
  hoursBeforeMs: number;
}
