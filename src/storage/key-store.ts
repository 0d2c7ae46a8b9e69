import type { AuditPort } from '../admin/ports.js';
import { createAudit, type AuditStore } from '../audit/audit.js';
import type { Log } from '../core/log.js';
import type { Maybe } from '../core/maybe.js';
import { createDirectory, type LiveDirectory } from '../keys/directory.js';
import { createSlowHasher, slowDigestOf } from '../keys/hash.js';
import { createCallerBlocks } from '../keys/caller-blocks.js';
import type { CallerBlocks, KeyDirectory, KeyLife } from '../keys/key.js';
import type { KeyStore } from '../keys/key-store.js';
import { createKeyLife, type KeyLifeParts } from '../keys/life.js';
import type { LastUse } from '../usage/request-row.js';
import type { BackupApi, KeyStoreApi, KeyStoreTask } from './key-store-api.js';
import { keyStoreFiles, type KeyStoreFiles } from './key-store-files.js';
import type { MemoryEvent } from './memory-event.js';
import { startWorker, type WorkerLink } from './worker-link.js';

export interface KeyStoreOptions extends Omit<KeyLifeParts, 'store' | 'slowDigest' | 'lastUse'> {
  /** Comes from another store; when that cannot be opened, neither is this one. */
  lastUse: Maybe<LastUse>;
  /** The data directory; the caller holds its lock. */
  dir: string;
  log: Log;
}

export interface OpenedKeyStore {
  life: KeyLife;
  callers: CallerBlocks;
  directory: KeyDirectory;
  audit: AuditPort;
  /** What the operator should know since the start, one sentence each. */
  readonly warnings: readonly string[];
  /** Names this installation for ever, through restores too. */
  installationId: string;
  readonly revision: number;
  /** Changes and questions that the store has not answered yet. */
  readonly waiting: number;
  /** Consistent copy to a new file, while changes go on. */
  backup(file: string): Promise<{ file: string; bytes: number; keys: number }>;
  close(): Promise<void>;
}

const STOPPED = 'The key store has stopped. Known keys keep working; restart Keyporter to change keys again.';

/**
 * Opens the key store of a data directory in its own thread and reads all keys into memory. Rejects with
 * a `Refusal` that says what to do when the files are missing, damaged or of a newer program.
 */
export async function openKeyStore(options: KeyStoreOptions): Promise<OpenedKeyStore> {
  const { dir, clock, log } = options;
  const files = keyStoreFiles(dir);
  const link = startWorker<KeyStoreApi>('key-store', { task: 'store', files } satisfies KeyStoreTask);
  const warnings: string[] = [];
  const early: MemoryEvent[] = [];
  let take = (event: MemoryEvent): void => void early.push(event);
  link.onEvent((event) => take(event as MemoryEvent));
  link.onCrash(({ reason }) => {
    warnings.push(STOPPED);
    log.error({ reason }, STOPPED);
  });
  try {
    const [{ packed, salt, installationId }, lastUse] = await Promise.all([link.call('load', null), options.lastUse]);
    const directory = createDirectory(packed, clock, createSlowHasher(salt, clock));
    take = (event) => feed(directory, event, (sentence, data) => warn(log, warnings, { sentence, data }));
    early.forEach(take);
    return {
      callers: createCallerBlocks(storeOver(link), clock),
      life: createKeyLife({
        ...options,
        lastUse,
        store: storeOver(link),
        slowDigest: (secret) => slowDigestOf(secret, salt),
      }),
      directory,
      audit: createAudit(clock, auditOver(link)),
      warnings,
      installationId,
      get revision() {
        return directory.revision;
      },
      get waiting() {
        return link.waiting;
      },
      backup: (file) => backup(link, files, file),
      close: () => link.close(),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}

const MOST_WARNINGS = 100;

function warn(log: Log, warnings: string[], warning: { sentence: string; data: Record<string, unknown> }): void {
  log.warn(warning.data, warning.sentence);
  const details = Object.entries(warning.data).map(([name, value]) => `${name} ${String(value)}`);
  if (warnings.length < MOST_WARNINGS) warnings.push([warning.sentence, ...details].join(' '));
}

function feed(
  directory: LiveDirectory,
  event: MemoryEvent,
  warned: (sentence: string, data: Record<string, unknown>) => void,
): void {
  if (event.kind === 'key') directory.apply(event.row, event.revision);
  else if (event.kind === 'owner') directory.setOwner(event.owner, event.revision);
  else if (event.kind === 'caller') directory.setCallerBlocked(event.id, event.blocked, event.revision);
  else if (event.kind === 'forget') directory.remove(event.id);
  else warned(event.sentence, event.data);
}

function storeOver(link: WorkerLink<KeyStoreApi>): KeyStore {
  return {
    get: (id) => link.call('get', id),
    list: (filter, page) => link.call('list', { filter, page }),
    revocable: (target) => link.call('revocable', target),
    owners: () => link.call('owners', null),
    insert: (request, context) => link.call('insert', { request, context }),
    update: (request, context) => link.call('update', { request, context }),
    rotate: (request, context) => link.call('rotate', { request, context }),
    setDisabled: (request, context) => link.call('setDisabled', { request, context }),
    revoke: (request, context) => link.call('revoke', { request, context }),
    importKeys: (request, context) => link.call('importKeys', { request, context }),
    setOwner: (request, context) => link.call('setOwner', { request, context }),
    setCallerBlocked: (request, context) => link.call('setCallerBlocked', { request, context }),
    blockedCallers: () => link.call('blockedCallers', null),
  };
}

function auditOver(link: WorkerLink<KeyStoreApi>): AuditStore {
  return {
    list: (query) => link.call('auditList', query),
    verify: (outside) => link.call('auditVerify', outside),
    record: (act) => link.call('auditRecord', act),
  };
}

/** Made by a thread of its own, over its own connection. */
async function backup(
  link: WorkerLink<KeyStoreApi>,
  files: KeyStoreFiles,
  file: string,
): Promise<{ file: string; bytes: number; keys: number }> {
  await link.call('settle', null);
  const copier = startWorker<BackupApi>('key-store', {
    task: 'backup',
    database: files.database,
  } satisfies KeyStoreTask);
  try {
    return { file, ...(await copier.call('backup', { file })) };
  } finally {
    await copier.close();
  }
}
