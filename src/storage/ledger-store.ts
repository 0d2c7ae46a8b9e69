import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { AT, FIGURES, firstPosition, rowsOf } from '../usage/journal-lines.js';
import type { Ledger, LedgerRow, UsageQuestion, UsageSum } from '../usage/ledger.js';
import { planOf } from './ledger-question.js';
import type { LedgerApi, LedgerReaderData } from './ledger-reader.js';
import type { SqlRow } from './sqlite/driver.js';
import { startWorker, type WorkerLink } from './worker-link.js';

/** Few enough that making rows of them, on the thread of the requests, takes a millisecond or two. */
const ROWS_PER_PIECE = 1000;
const MOST_SUMS = 100_000;

export interface StoredLedgerOptions {
  clock: Clock;
  /** Writes what the journal holds, so that an answer has everything until now. */
  flush(): Promise<void>;
}

/** The books in `usage.db`, read in a thread of their own that is started by the first question. */
export class StoredLedger implements Ledger {
  readonly #data: LedgerReaderData;
  readonly #options: StoredLedgerOptions;
  #worker: WorkerLink<LedgerApi> | null = null;
  #closed = false;

  constructor(path: string, options: StoredLedgerOptions) {
    this.#data = { path, reads: 'ledger' };
    this.#options = options;
  }

  async usage(question: UsageQuestion): Promise<UsageSum[]> {
    const query = planOf(question, this.#options.clock.now());
    await this.#options.flush();
    const sums = await this.#reader().call('usage', { query, most: MOST_SUMS + 1 });
    if (sums.length <= MOST_SUMS) return sums.map(sumOf);
    throw new Refusal('invalid_value', {
      message: `The answer has more than ${MOST_SUMS} sums. Ask for a shorter time, or by less.`,
      param: 'by',
    });
  }

  async *rows(question: {
    sinceMs: number;
    untilMs: number;
    callerIds?: readonly string[];
  }): AsyncGenerator<readonly LedgerRow[]> {
    await this.#options.flush();
    const { callerIds = null } = question;
    const before = firstPosition(Math.ceil(question.untilMs));
    let from = firstPosition(Math.ceil(question.sinceMs));
    while (from < before) {
      const piece = await this.#reader().call('rows', { from, before, callerIds, limit: ROWS_PER_PIECE });
      const rows = rowsOf(piece);
      if (rows.length > 0) yield rows;
      if (rows.length < ROWS_PER_PIECE) return;
      from = (piece.figures[(rows.length - 1) * FIGURES + AT.position] ?? before) + 1;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.close();
  }

  #reader(): WorkerLink<LedgerApi> {
    if (this.#closed)
      throw new Refusal('store_unavailable', { message: 'The ledger is closed: the server is shutting down.' });
    if (this.#worker !== null) return this.#worker;
    const worker = startWorker<LedgerApi>('usage', this.#data);
    worker.onCrash(() => {
      this.#worker = null;
    });
    this.#worker = worker;
    return worker;
  }
}

function sumOf(row: SqlRow): UsageSum {
  const text = (column: string): string | null => (typeof row[column] === 'string' ? row[column] : null);
  const number = (column: string): number => Number(row[column] ?? 0);
  return {
    callerId: text('caller_id'),
    owner: text('owner'),
    model: text('model'),
    fromMs: row['from_ms'] === undefined ? null : number('from_ms'),
    requests: number('requests'),
    failed: number('failed'),
    inputTokens: number('input_tokens'),
    outputTokens: number('output_tokens'),
    cachedTokens: number('cached_tokens'),
    estimated: number('estimated'),
    gpuSeconds: number('gpu_us') / 1e6,
    gpuSecondsEstimated: number('gpu_us_estimated') / 1e6,
    durationMs: number('duration_us') / 1000,
    queuedMs: number('queued_us') / 1000,
  };
}
