import { join } from 'node:path';
import type { Cancel, Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { maskKeys } from '../keys/scan.js';
import { GroupJournal } from '../usage/journal.js';
import type { Journal, Ledger, UsedBefore } from '../usage/ledger.js';
import { bounded } from '../usage/presentable.js';
import type { LastUse, RequestLog } from '../usage/request-row.js';
import { HOURS_KEPT_MS } from './ledger-question.js';
import { StoredLedger } from './ledger-store.js';
import { DAY_MS } from './ledger-sums.js';
import type { OpenedUsage } from './usage-api.js';
import { UsageLink } from './usage-link.js';
import { RECENT_MS, StoredRequestLog } from './usage-requests.js';

const TIDY_EVERY_MS = 60_000;
const TIDY_PAUSE_MS = 50;
const DISK = 'Look at the disk under the data directory.';

export interface UsageOptions {
  /** The data directory. */
  dir: string;
  clock: Clock;
  log: Log;
  /** Rows of the request log are kept this long. */
  requestLogDays: number;
  /** Rows of the ledger are kept this long. */
  ledgerDays: number;
}

export interface Usage {
  requests: RequestLog;
  lastUse: LastUse;
  journal: Journal;
  ledger: Ledger;
  /** Hands over what this month used before this start: at once if the store is open, else as soon as it is. Asked once. */
  onUsedBefore(take: (used: readonly UsedBefore[]) => void): void;
  /** Writes what waits, once, and lets go of the file. */
  close(): Promise<void>;
}

/**
 * Opens `usage.db` in its own thread. Rejects with a `Refusal` for a file that is damaged or newer than
 * this program. A full or locked disk does not hold up the start: rows wait in memory, bounded.
 */
export async function openUsage(options: UsageOptions): Promise<Usage> {
  const path = join(options.dir, 'usage.db');
  const link = new UsageLink(path, options);
  const usage = new StoredUsage(path, link, options);
  try {
    await link.open((opened) => usage.begin(opened));
  } catch (error) {
    await link.close();
    throw error;
  }
  usage.start();
  return usage;
}

class StoredUsage implements Usage {
  readonly requests: StoredRequestLog;
  readonly lastUse: LastUse;
  readonly journal: GroupJournal;
  readonly ledger: StoredLedger;
  readonly #link: UsageLink;
  readonly #options: UsageOptions;
  #usedBefore: readonly UsedBefore[] | null = null;
  #takeUsedBefore: ((used: readonly UsedBefore[]) => void) | null = null;
  #cancelTidy: Cancel | null = null;
  #closed: Promise<void> | null = null;

  constructor(path: string, link: UsageLink, options: UsageOptions) {
    this.#link = link;
    this.#options = options;
    this.requests = new StoredRequestLog(link, options);
    this.lastUse = this.requests.lastUse;
    this.journal = openJournal(link, options);
    this.ledger = new StoredLedger(path, { clock: options.clock, flush: () => this.journal.flush() });
  }

  /** Takes what the open store tells. The journal begins after it, so that nothing of this run is in it. */
  begin({ uses, before, orphans }: OpenedUsage): void {
    this.requests.lastUse.merge(uses);
    if (orphans > 0)
      this.#options.log.warn(
        { requests: orphans },
        'The last run ended without settling these requests: they are charged as reserved.',
      );
    this.#usedBefore = before;
    this.#handOver();
    this.journal.begin();
  }

  start(): void {
    this.requests.start();
    this.#cancelTidy = this.#options.clock.every(TIDY_EVERY_MS, () => void this.#tidy());
  }

  onUsedBefore(take: (used: readonly UsedBefore[]) => void): void {
    this.#takeUsedBefore = take;
    this.#handOver();
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  #handOver(): void {
    if (this.#takeUsedBefore === null || this.#usedBefore === null) return;
    this.#takeUsedBefore(this.#usedBefore);
    this.#usedBefore = [];
    this.#takeUsedBefore = null;
  }

  async #finish(): Promise<void> {
    this.#cancelTidy?.();
    await this.journal.close();
    await this.requests.close();
    await this.ledger.close();
    await this.#link.close();
  }

  /** Forgets step by step, so that rows are written in between. */
  async #tidy(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const more = await this.#link
      .call('tidy', {
        requestsBeforeMs: nowMs - this.#options.requestLogDays * DAY_MS,
        usesBeforeMs: nowMs - RECENT_MS,
        ledgerBeforeMs: startOfDay(nowMs - this.#options.ledgerDays * DAY_MS),
        hoursBeforeMs: startOfDay(nowMs - HOURS_KEPT_MS),
      })
      .catch(() => false);
    if (more && this.#closed === null) this.#options.clock.after(TIDY_PAUSE_MS, () => void this.#tidy());
  }
}

function openJournal(link: UsageLink, { clock, log }: UsageOptions): GroupJournal {
  const journal = new GroupJournal({
    clock,
    send: async (lines) => await link.call('book', lines),
    shown: (text) => bounded(maskKeys(text)),
    onFault: (error) =>
      log.warn(
        { reason: error instanceof Refusal ? error.reason : String(error) },
        `The ledger cannot be written now. Requests go on, their rows wait in memory and are dropped beyond a bound. ${DISK}`,
      ),
    onHealed: () => log.info({ dropped: journal.lag.dropped }, 'The ledger is written again.'),
    onDropped: () => log.error({}, `The ledger takes no rows, and use is not counted any more. ${DISK}`),
  });
  return journal;
}

/** Whole days are forgotten, so that rows and their sums go together. */
function startOfDay(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}
