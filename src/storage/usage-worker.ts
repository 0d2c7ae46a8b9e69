import { workerData } from 'node:worker_threads';
import { LedgerReader, type LedgerApi, type LedgerReaderData } from './ledger-reader.js';
import type { UsageApi, UsageWorkerData } from './usage-api.js';
import { UsageStore } from './usage-store.js';
import { serveWorker } from './worker-link.js';

/** Entry of the threads of `usage.db`: the one that owns the file, and the one that only reads the ledger. */
if ('reads' in (workerData as object)) serveWorker<LedgerApi>((data: LedgerReaderData) => new LedgerReader(data));
else serveWorker<UsageApi>((data: UsageWorkerData) => new UsageStore(data));
