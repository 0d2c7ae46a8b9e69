import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { buffersOf } from '../keys/directory.js';
import type { ChangeContext, StoredKey, StoredTarget } from '../keys/stored-key.js';
import { listAudit, verifyAudit } from './audit-rows.js';
import { blockedCallers, shownCaller, switchCaller } from './blocked-callers.js';
import { Feed } from './feed.js';
import { insertKey, rotateKey, setKeyDisabled, updateKey } from './key-changes.js';
import { insertImported } from './key-imports.js';
import { openKeyDatabase } from './key-database.js';
import type { KeyStoreFiles } from './key-store-files.js';
import { familyOf, idsOfTarget, keyById, keysByIds, pageOfKeys } from './key-queries.js';
import { BadRow, salvagedKey, storedKey, type KeyRow } from './key-rows.js';
import type { KeyStoreApi } from './key-store-api.js';
import type { MemoryEvent } from './memory-event.js';
import { noteAct, readMeta } from './meta-queries.js';
import { changeOwner, storedOwners } from './owner-changes.js';
import { openRevokedLog } from './revoked-log.js';
import { createExecutor, type Executor } from './sqlite/executor.js';
import { StoreWriter } from './store-writer.js';
import { moved, type WorkerHandlers } from './worker-link.js';

/** Opens the key store of a data directory in this thread, and answers for it. */
export async function openLocalKeyStore(
  files: KeyStoreFiles,
  clock: Clock,
  emit: (event: MemoryEvent) => void,
): Promise<WorkerHandlers<KeyStoreApi> & { close(): Promise<void> }> {
  const database = openKeyDatabase(files, unixSeconds(clock));
  const log = openRevokedLog(files.revoked);
  const executor = createExecutor(database);
  const feed = new Feed(executor, emit, (id) => log.has(id) || writer.isRevoked(id));
  const writer: StoreWriter = new StoreWriter({ executor, feed, log, clock, emit });
  writer.align();
  await writer.catchUp();
  if (log.damaged > 0)
    emit({
      kind: 'warning',
      sentence: 'Records in the list of revoked keys are damaged and were skipped.',
      data: { records: log.damaged },
    });
  return {
    ...reading(executor, writer, feed),
    ...changing(executor, writer),
    ...auditing(executor, writer, clock),
    async close() {
      await writer.catchUp();
      writer.close();
      log.close();
      database.close();
    },
  };
}

function reading(
  executor: Executor,
  writer: StoreWriter,
  feed: Feed,
): Pick<WorkerHandlers<KeyStoreApi>, 'load' | 'get' | 'list' | 'revocable' | 'owners' | 'blockedCallers'> {
  return {
    load() {
      const { installation_id: installationId, salt } = readMeta(executor);
      const packed = feed.load();
      return moved({ packed, installationId, salt }, buffersOf(packed));
    },
    get(id) {
      const row = executor.get(keyById(id));
      return row === undefined ? null : keyOf(row, writer);
    },
    list: ({ filter, page }) => executor.all(pageOfKeys(filter, page)).map((row) => keyOf(row, writer)),
    revocable: (target) =>
      executor.all(keysByIds(endedBy(target, executor, writer).all)).map((row) => keyOf(row, writer)),
    owners: () => storedOwners(executor),
    blockedCallers: () => executor.all(blockedCallers()).map(shownCaller),
  };
}

function changing(
  executor: Executor,
  writer: StoreWriter,
): Pick<
  WorkerHandlers<KeyStoreApi>,
  'insert' | 'update' | 'rotate' | 'setDisabled' | 'revoke' | 'importKeys' | 'setOwner' | 'setCallerBlocked' | 'settle'
> {
  return {
    insert: ({ request, context }) => writer.write(() => insertKey(executor, request, context)),
    update: ({ request, context }) => writer.write(() => updateKey(executor, request, context)),
    rotate: ({ request, context }) => writer.write(() => rotateKey(executor, request, context)),
    setDisabled: ({ request, context }) => writer.write(() => setKeyDisabled(executor, request, context)),
    importKeys: ({ request, context }) => writer.write(() => insertImported(executor, request, context)),
    setOwner: ({ request, context }) => writer.write(() => changeOwner(executor, request, context)),
    setCallerBlocked: ({ request, context }) => writer.write(() => switchCaller(executor, request, context)),
    async revoke({ request, context }) {
      const { named, all } = endedBy(request.target, executor, writer);
      await writer.revoke(all.map((id) => recordOf(id, request.reason, context)));
      return { revoked: all, children: all.filter((id) => !named.has(id)) };
    },
    settle: () => writer.write(() => undefined),
  };
}

function auditing(
  executor: Executor,
  writer: StoreWriter,
  clock: Clock,
): Pick<WorkerHandlers<KeyStoreApi>, 'auditList' | 'auditVerify' | 'auditRecord'> {
  const pause = (): Promise<void> => new Promise((resolve) => void clock.after(0, resolve));
  return {
    auditList: (query) => listAudit(executor, query),
    auditVerify: (outside) => verifyAudit(executor, outside, pause),
    auditRecord: (act) => writer.write(() => noteAct(executor, act)),
  };
}

/** Keys a revocation would end now: those named, and all that descend from them. Throws `not_found` for ids and secrets that are nobody's. */
function endedBy(target: StoredTarget, executor: Executor, writer: StoreWriter): { named: Set<string>; all: string[] } {
  const named = new Set(executor.all(idsOfTarget(target)).map((key) => key.id));
  if ('digest' in target && named.size === 0) throw new Refusal('not_found', { message: 'No key has this secret.' });
  const unknown = 'ids' in target ? target.ids.find((id) => !named.has(id)) : undefined;
  if (unknown !== undefined)
    throw new Refusal('not_found', {
      message: `There is no key ${JSON.stringify(unknown.slice(0, 64))}. Nothing was revoked.`,
    });
  const family = executor.all(familyOf([...named]));
  return {
    named,
    all: family.filter((key) => key.state !== 'revoked' && writer.owed(key.id) === undefined).map((key) => key.id),
  };
}

function recordOf(
  id: string,
  reason: string | null,
  context: ChangeContext,
): Parameters<StoreWriter['revoke']>[0][number] {
  const { actor, at } = context;
  return { id, at, reason, actor: actor.id, address: actor.address, requestId: actor.requestId };
}

/** The row as a key, with a revocation the database does not have yet; damaged rows are shown as far as possible. */
function keyOf(row: KeyRow, writer: StoreWriter): StoredKey {
  const key = readKey(row);
  const owed = writer.owed(key.id);
  return owed === undefined ? key : { ...key, state: 'revoked', revokedAt: owed.at, revokeReason: owed.reason };
}

function readKey(row: KeyRow): StoredKey {
  try {
    return storedKey(row);
  } catch (error) {
    if (error instanceof BadRow) return salvagedKey(row, error.message);
    throw error;
  }
}
