import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { AT, FIGURES, firstPosition, rowsOf } from '../usage/journal-lines.js';
import type { Ledger, LedgerRow, UsageQuestion, UsageSum } from '../usage/ledger.js';
import { planOf } from './ledger-question.js';
import type { LedgerApi, LedgerReaderData } from './ledger-reader.js';
import { SUM_FIGURES, type SumColumns } from './ledger-read.js';
import { startWorker, type WorkerLink } from './worker-link.js';

/** Few enough that making rows of them, on the thread of the requests, takes a millisecond or two. */
const ROWS_PER_PIECE = 1000;
const MOST_SUMS = 100_000;
const SUMS_PER_TURN = 2000;

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
    const columns = await this.#reader().call('usage', { query, most: MOST_SUMS + 1 });
    if (columns.figures.length / SUM_FIGURES <= MOST_SUMS) return sumsOf(columns);
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

/** Sums out of their columns, some thousand in a turn of the event loop. */
async function sumsOf(columns: SumColumns): Promise<UsageSum[]> {
  const sums: UsageSum[] = [];
  for (let at = 0; at < columns.figures.length; at += SUM_FIGURES) {
    sums.push(sumAt(columns, at));
    if (sums.length % SUMS_PER_TURN === 0) await new Promise<void>((resume) => void setImmediate(resume));
  }
  return sums;
}

function sumAt({ words, figures }: SumColumns, at: number): UsageSum {
  const [caller = -1, owner = -1, model = -1, fromMs = Number.NaN, ...sums] = figures.subarray(at, at + SUM_FIGURES);
  const [requests = 0, failed = 0, inputTokens = 0, outputTokens = 0, cachedTokens = 0, estimated = 0] = sums;
  const [gpuUs = 0, gpuUsEstimated = 0, durationUs = 0, queuedUs = 0] = sums.slice(6);
  return {
    callerId: words[caller] ?? null,
    owner: words[owner] ?? null,
    model: words[model] ?? null,
    fromMs: Number.isNaN(fromMs) ? null : fromMs,
    requests,
    failed,
    inputTokens,
    outputTokens,
    cachedTokens,
    estimated,
    gpuSeconds: gpuUs / 1e6,
    gpuSecondsEstimated: gpuUsEstimated / 1e6,
    durationMs: durationUs / 1000,
    queuedMs: queuedUs / 1000,
  };
}
