import type { Cancel, Clock } from '../core/clock.js';

export interface BatchQueueOptions<Row> {
  clock: Clock;
  /** Resolves when the rows are kept. When it rejects the rows wait and are sent again. */
  send(rows: readonly Row[]): Promise<void>;
  /** Called once when sending begins to fail, and once when it works again. */
  onFault(error: unknown): void;
  onHealed(): void;
  /** A row waits at most this long before it is sent. */
  delayMs: number;
  /** So many rows are sent without waiting. */
  rowsPerBatch: number;
  /** So many rows wait at most; those beyond are dropped and counted. */
  mostRows: number;
  /** Pause after a failure. */
  retryMs: number;
}

/** Gathers rows and sends them in batches, one at a time. Taking a row never throws and never waits. */
export class BatchQueue<Row> {
  readonly #options: BatchQueueOptions<Row>;
  #waiting: Row[] = [];
  #sending: Promise<boolean> | null = null;
  #sendingRows = 0;
  #cancelTimer: Cancel | null = null;
  #failing = false;
  #dropped = 0;

  constructor(options: BatchQueueOptions<Row>) {
    this.#options = options;
  }

  /** Rows that were never kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** When many wait, one message takes a few batches. */
  get #rowsPerSend(): number {
    return this.#options.rowsPerBatch * 4;
  }

  /** Counts rows that were sent and not kept. */
  countDropped(rows: number): void {
    this.#dropped += rows;
  }

  push(row: Row): void {
    const { mostRows, rowsPerBatch, delayMs } = this.#options;
    if (this.#waiting.length + this.#sendingRows >= mostRows) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(row);
    if (this.#waiting.length >= rowsPerBatch && !this.#failing) this.#sendSoon(0);
    else this.#sendSoon(delayMs);
  }

  /** Sends what waits now, once; what comes meanwhile is left. Resolves when that is over, kept or not. */
  async flush(): Promise<void> {
    if (this.#sending !== null) await this.#sending;
    // The end of one batch may have begun the next.
    for (let rows = this.#waiting.length + this.#sendingRows; rows > 0;) {
      const sent = this.#send();
      rows -= Math.max(1, this.#sendingRows);
      if (!(await sent)) return;
    }
  }

  /** As `flush`; what could not be sent is dropped and counted, and no more timer runs. */
  async close(): Promise<void> {
    await this.flush();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  #sendSoon(delayMs: number): void {
    if (this.#sending !== null) return;
    if (delayMs === 0) void this.#send();
    else this.#cancelTimer ??= this.#options.clock.after(delayMs, () => void this.#send());
  }

  /** Sends one batch; false when it failed. */
  #send(): Promise<boolean> {
    if (this.#sending !== null) return this.#sending;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const rows = this.#waiting.splice(0, this.#rowsPerSend);
    this.#sendingRows = rows.length;
    this.#sending = this.#options.send(rows).then(
      () => this.#settle(rows, null),
      (error: unknown) => this.#settle(rows, error ?? new Error('unknown')),
    );
    return this.#sending;
  }

  #settle(rows: Row[], error: unknown): boolean {
    this.#sending = null;
    this.#sendingRows = 0;
    this.#report(error);
    if (error !== null) this.#waiting = rows.concat(this.#waiting);
    if (this.#waiting.length > 0) this.#sendSoon(this.#pauseMs(error));
    return error === null;
  }

  #pauseMs(error: unknown): number {
    if (error !== null) return this.#options.retryMs;
    return this.#waiting.length >= this.#options.rowsPerBatch ? 0 : this.#options.delayMs;
  }

  #report(error: unknown): void {
    const wasFailing = this.#failing;
    this.#failing = error !== null;
    if (this.#failing && !wasFailing) this.#options.onFault(error);
    if (!this.#failing && wasFailing) this.#options.onHealed();
  }
}
