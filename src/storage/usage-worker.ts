import type { UsageApi, UsageWorkerData } from './usage-api.js';
import { UsageStore } from './usage-store.js';
import { serveWorker } from './worker-link.js';

/** Entry of the worker thread that owns `usage.db`. */
serveWorker<UsageApi>(({ path }: UsageWorkerData) => new UsageStore(path));
