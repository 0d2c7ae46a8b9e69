import { randomBytes } from 'node:crypto';
import { chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pause, type Clock } from '../core/clock.js';
import { parseKeyFile } from './key-file.js';

/** The content of a key file. Members that nobody knows here are kept. */
export interface EditableKeyFile {
  valid_keys: string[];
  require_auth_for_external: boolean;
  local_networks: string[];
  [unknown: string]: unknown;
}

const LOCK_WAIT_MS = 5000;
const LOCK_RETRY_MS = 20;

/** The content of the file, or that of a new one when there is none. Rejects when it is broken: nothing is written over it. */
export async function readForEdit(path: string): Promise<EditableKeyFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (text === null)
    return { valid_keys: [], require_auth_for_external: true, local_networks: ['127.0.0.1', 'localhost', '::1'] };
  const { fault } = parseKeyFile(text);
  if (fault !== undefined) throw new Error(`The key file ${path} ${fault}. Correct it by hand; nothing was changed.`);
  const content = JSON.parse(text) as Partial<EditableKeyFile>;
  return {
    ...content,
    valid_keys: content.valid_keys ?? [],
    require_auth_for_external: content.require_auth_for_external ?? true,
    local_networks: content.local_networks ?? [],
  };
}

/**
 * Changes the file as a whole: `edit` answers false to leave it alone. Readers see the old or the new
 * content, never a part; only its owner may read it; two edits at one time happen one after the other.
 */
export async function editKeyFile(path: string, clock: Clock, edit: (file: EditableKeyFile) => boolean): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const unlock = await lock(`${target}.lock`, clock);
  try {
    const content = await readForEdit(target);
    if (edit(content)) await replace(target, `${JSON.stringify(content, null, 2)}\n`);
  } finally {
    await unlock();
  }
}

async function replace(target: string, text: string): Promise<void> {
  const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await keepOwner(target, beside);
    await rename(beside, target);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(beside, { force: true });
    throw error;
  }
}

/** A file edited by root stays readable for the user the gateway runs as. */
async function keepOwner(target: string, beside: string): Promise<void> {
  const [before, now] = await Promise.all([stat(target).catch(() => null), stat(beside)]);
  if (before !== null && before.uid !== now.uid) await chown(beside, before.uid, before.gid);
}

/** Holds a file that names this process. One that was left behind is never taken away by itself: it could be a new one. */
async function lock(path: string, clock: Clock): Promise<() => Promise<void>> {
  const giveUpAt = clock.monotonic() + LOCK_WAIT_MS;
  while (!(await take(path))) {
    if (clock.monotonic() >= giveUpAt) {
      const holder = await readFile(path, 'utf8').catch(() => 'unknown');
      throw new Error(
        `The key file is being changed by process ${holder}. Try again; when that process is gone, delete ${path}.`,
      );
    }
    await pause(LOCK_RETRY_MS);
  }
  return () => rm(path, { force: true });
}

async function take(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
