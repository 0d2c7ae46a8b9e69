import { systemClock } from '../core/clock.js';
import { copyKeyDatabase } from './backup.js';
import { openLocalKeyStore } from './local-key-store.js';
import type { BackupApi, KeyStoreApi, KeyStoreTask } from './key-store-api.js';
import { serveWorker, type WorkerHandlers } from './worker-link.js';

type Handlers = WorkerHandlers<KeyStoreApi> | WorkerHandlers<BackupApi>;

/** The thread of the key store. A copy is made in a thread of its own, so that no change waits for it. */
serveWorker<KeyStoreApi | BackupApi>((data: KeyStoreTask, emit): Promise<Handlers> | Handlers => {
  return data.task === 'store' ? openLocalKeyStore(data.files, systemClock, emit) : copierOf(data.database);
});

function copierOf(database: string): WorkerHandlers<BackupApi> {
  return { backup: ({ file }) => copyKeyDatabase(database, file) };
}
