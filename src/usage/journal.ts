import type { Cancel, Clock } from '../core/clock.js';
import { JournalLines, positionOf, STAGE, type LineColumns } from './journal-lines.js';
import type { Journal, LedgerEntry, OpenRow, Settlement } from './ledger.js';

/** A line waits this long, so that it is on disk within 20 ms. */
const DELAY_MS = 10;
const LINES_PER_GROUP = 1000;
const MOST_LINES = 20_000;
const RETRY_MS = 1000;

export interface GroupJournalOptions {
  clock: Clock;
  /** Resolves when the lines are on disk, with the number of those that no table takes. When it rejects they wait and are sent again. */
  send(lines: LineColumns): Promise<number>;
  /** Makes a text that a client chose fit to be kept. */
  shown(text: string): string;
  /** Called once when sending begins to fail, once when it works again, and once when lines begin to be dropped. */
  onFault(error: unknown): void;
  onHealed(): void;
  onDropped(): void;
}

/**
 * Writes requests down in groups, one message for all of a few milliseconds. A request that is settled
 * before its group is sent is one line; any other is one at its admission and one at its end, which
 * tells the whole story again, so that no line depends on an earlier one.
 */
export class GroupJournal implements Journal {
  readonly #options: GroupJournalOptions;
  /** Not yet sent, oldest first; lines are added to the last. */
  #groups: JournalLines[] = [];
  #firstLineMs = 0;
  #sending: Promise<boolean> | null = null;
  #cancelTimer: Cancel | null = null;
  #waiting = 0;
  #dropped = 0;
  #count = 0;
  #state: 'held' | 'working' | 'failing' | 'closed' = 'held';

  constructor(options: GroupJournalOptions) {
    this.#options = options;
  }

  get lag(): { waiting: number; dropped: number } {
    return { waiting: this.#waiting, dropped: this.#dropped };
  }

  open(entry: LedgerEntry): OpenRow {
    this.#count += 1;
    const row = new JournalRow(this, positionOf(entry.atMs, this.#count), entry);
    row.note();
    return row;
  }

  /** Sends from now on: the store is open. */
  begin(): void {
    if (this.#state !== 'held') return;
    this.#state = 'working';
    this.#sendLater(0);
  }

  /** Where one more line has room; null when nothing can be kept any more. */
  room(): JournalLines | null {
    if (this.#waiting >= MOST_LINES || this.#state === 'closed') return null;
    this.#waiting += 1;
    const last = this.#groups.at(-1);
    if (last !== undefined && !last.isSent && last.length < LINES_PER_GROUP) return last;
    const lines = new JournalLines(this.#options.shown);
    this.#groups.push(lines);
    if (this.#groups.length === 1) this.#firstLineMs = this.#options.clock.monotonic();
    if (this.#state === 'working') this.#sendLater(DELAY_MS);
    return lines;
  }

  countDropped(lines: number): void {
    if (lines === 0) return;
    if (this.#dropped === 0) this.#options.onDropped();
    this.#dropped += lines;
  }

  /** Sends what waits now, once; what comes meanwhile is left. Resolves when that is over, kept or not. */
  async flush(): Promise<void> {
    if (this.#state === 'held') return;
    if (this.#sending !== null) await this.#sending;
    // The end of one message may have begun the next.
    const begun = this.#sending === null ? 0 : 1;
    for (let groups = this.#groups.length + begun; groups > 0; groups -= 1) if (!(await this.#send())) return;
  }

  /** As `flush`; what could not be sent is dropped and counted, and nothing is taken any more. */
  async close(): Promise<void> {
    do await this.flush();
    while (this.#groups.length > 0 && this.#state === 'working');
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#state = 'closed';
    this.countDropped(this.#waiting);
    this.#waiting = 0;
    this.#groups = [];
  }

  #sendLater(delayMs: number): void {
    if (this.#sending !== null || this.#groups.length === 0) return;
    if (delayMs <= 0) void this.#send();
    else this.#cancelTimer ??= this.#options.clock.after(delayMs, () => void this.#send());
  }

  /** Sends one group; false when it failed. */
  #send(): Promise<boolean> {
    if (this.#sending !== null) return this.#sending;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const lines = this.#groups.shift();
    if (lines === undefined) return Promise.resolve(true);
    lines.isSent = true;
    this.#firstLineMs = this.#options.clock.monotonic();
    this.#sending = this.#options.send(lines.columns()).then(
      (unfit) => this.#kept(lines.length, unfit),
      (error: unknown) => this.#failed(lines, error),
    );
    return this.#sending;
  }

  #kept(lines: number, unfit: number): boolean {
    this.#sending = null;
    this.#waiting -= lines;
    this.countDropped(unfit);
    if (this.#state === 'failing') this.#options.onHealed();
    if (this.#state !== 'closed') this.#state = 'working';
    const waitedMs = this.#options.clock.monotonic() - this.#firstLineMs;
    this.#sendLater(this.#groups.length > 1 ? 0 : DELAY_MS - waitedMs);
    return true;
  }

  #failed(lines: JournalLines, error: unknown): boolean {
    this.#sending = null;
    if (this.#state === 'closed') return false;
    if (this.#state === 'working') this.#options.onFault(error);
    this.#state = 'failing';
    this.#groups.unshift(lines);
    this.#sendLater(RETRY_MS);
    return false;
  }
}

class JournalRow implements OpenRow {
  readonly #journal: GroupJournal;
  readonly #position: number;
  #entry: LedgerEntry;
  #lines: JournalLines | null = null;
  #line = 0;
  #isNoted = false;
  #isSettled = false;

  constructor(journal: GroupJournal, position: number, entry: LedgerEntry) {
    this.#journal = journal;
    this.#position = position;
    this.#entry = entry;
  }

  /** Finds the line of this request in a group that is not sent yet; null when there is no room for one. */
  note(): JournalLines | null {
    if (this.#lines !== null && !this.#lines.isSent) return this.#lines;
    this.#isNoted ||= this.#lines !== null;
    const lines = this.#journal.room();
    if (lines === null) return null;
    this.#lines = lines;
    this.#line = lines.add(this.#position, this.#entry);
    return lines;
  }

  extended(outputTokens: number): void {
    if (this.#isSettled) return;
    this.#entry = { ...this.#entry, outputTokens };
    this.note()?.reserve(this.#line, outputTokens);
  }

  settle(settlement: Settlement): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const lines = this.note();
    if (lines === null) this.#journal.countDropped(1);
    else lines.settle(this.#line, this.#isNoted ? STAGE.settled : STAGE.whole, settlement);
  }
}
