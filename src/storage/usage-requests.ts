import type { Cancel, Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { maskKeys } from '../keys/scan.js';
import { BatchQueue } from '../usage/batch-queue.js';
import { LastUseMap } from '../usage/last-use-map.js';
import { presentable } from '../usage/presentable.js';
import { RefusalSampler } from '../usage/refusal-sampler.js';
import type { RequestFilter, RequestLog, RequestRow } from '../usage/request-row.js';
import type { UsageLink } from './usage-link.js';
import { STATUS_FILTER } from './usage-read.js';
import { rowOf, tupleOf, type RequestTuple } from './usage-rows.js';

const DELAY_MS = 50;
/** Small enough that the journal, which has the same thread, hardly waits for a batch. */
const ROWS_PER_BATCH = 100;
const MOST_ROWS = 20_000;
const RETRY_MS = 1000;
const NOTE_EVERY_MS = 1000;
/** Uses are noted once a minute, so that a day of them may seem a minute shorter. */
export const RECENT_MS = 86_400_000 + 60_000;
const MOST_LISTED = 1000;
const FIRST_REFUSAL = 400;
const CURSOR = /^\d{1,16}$/;

/** The request log and the last uses, kept in `usage.db`. */
export class StoredRequestLog implements RequestLog {
  readonly lastUse = new LastUseMap();
  readonly #link: UsageLink;
  readonly #options: { clock: Clock; log: Log };
  readonly #sampler: RefusalSampler;
  readonly #queue: BatchQueue<RequestTuple>;
  readonly #watchers = new Set<(row: RequestRow) => void>();
  #cancelNotes: Cancel | null = null;
  #noting: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  constructor(link: UsageLink, options: { clock: Clock; log: Log }) {
    const { clock, log } = options;
    this.#link = link;
    this.#options = options;
    this.#sampler = new RefusalSampler(clock);
    this.#queue = new BatchQueue<RequestTuple>({
      clock,
      send: async (rows) => this.#queue.countDropped(await link.call('write', rows)),
      onFault: (error) =>
        log.warn(
          { reason: reasonOf(error) },
          'The request log cannot be written now. Requests go on, rows wait in memory and are dropped beyond a bound. Look at the disk under the data directory.',
        ),
      onHealed: () => log.info({ dropped: this.#queue.dropped }, 'The request log is written again.'),
      delayMs: DELAY_MS,
      rowsPerBatch: ROWS_PER_BATCH,
      mostRows: MOST_ROWS,
      retryMs: RETRY_MS,
    });
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Notes last uses and counts from now on. */
  start(): void {
    this.#cancelNotes = this.#options.clock.every(NOTE_EVERY_MS, () => void this.#note());
  }

  record(row: RequestRow): void {
    if (this.#closed !== null) return;
    if (row.code !== null && row.status >= FIRST_REFUSAL && !this.#sampler.admit(row.code)) return;
    const shown = presentable(row, maskKeys);
    this.#queue.push(tupleOf(shown));
    for (const watcher of this.#watchers) this.#show(watcher, shown);
  }

  async list(
    filter: RequestFilter,
    page: { limit: number; after?: string },
  ): Promise<{ data: RequestRow[]; next: string | null }> {
    if (filter.status !== undefined && !STATUS_FILTER.test(filter.status)) {
      throw new Refusal('invalid_value', {
        message: 'A status is a number such as 404 or a class such as 4xx.',
        param: 'status',
      });
    }
    if (page.after !== undefined && !CURSOR.test(page.after)) {
      throw new Refusal('invalid_value', {
        message: 'This is not a cursor. Take `next` of the page before.',
        param: 'after',
      });
    }
    await this.#queue.flush();
    const limit = Math.min(Math.max(Math.trunc(page.limit) || 1, 1), MOST_LISTED);
    const stored = await this.#link.call('list', {
      filter,
      limit: limit + 1,
      before: page.after === undefined ? null : Number(page.after),
    });
    const shown = stored.slice(0, limit);
    const next = stored.length > limit ? String(shown.at(-1)?.['position']) : null;
    return { data: shown.map(rowOf), next };
  }

  watch(watcher: (row: RequestRow) => void): () => void {
    const own = (row: RequestRow): void => watcher(row);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  async recentUse(keyIds: readonly string[]): Promise<{ addresses: string[]; models: string[] }> {
    await this.#queue.flush();
    return this.#link.call('recentUse', { keyIds, sinceMs: this.#options.clock.now() - RECENT_MS });
  }

  /** Writes what waits, once. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    this.#cancelNotes?.();
    await this.#queue.close();
    await this.#noting;
    await this.#note();
  }

  #show(watcher: (row: RequestRow) => void, row: RequestRow): void {
    try {
      watcher(row);
    } catch (error) {
      this.#options.log.error({ reason: reasonOf(error) }, 'Somebody who follows the request log failed.');
    }
  }

  /** Writes last uses and counts of refusals, unless that is going on already; what fails is kept for the next time. */
  #note(): Promise<void> {
    const uses = this.#noting === null ? this.lastUse.takeUnsaved() : null;
    const refusals = this.#noting === null ? this.#sampler.take() : [];
    if (uses === null && refusals.length === 0) return this.#noting ?? Promise.resolve();
    const putBack = (): void => {
      this.lastUse.putBack(uses?.ids ?? []);
      this.#sampler.putBack(refusals);
    };
    this.#noting = this.#link
      .call('note', { uses, refusals })
      .catch(putBack)
      .finally(() => {
        this.#noting = null;
      });
    return this.#noting;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Refusal ? error.reason : String(error);
}
