import { open, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { ImportedBody, ImportedKeyBody } from '../../admin/contract-import.js';
import { systemClock, unixSeconds } from '../../core/clock.js';
import { combinedConfiguration } from '../../import/combine.js';
import { readForeignFile, SQLITE_MARK, type ForeignFile } from '../../import/import-file.js';
import { UnreadableFile, type Reading } from '../../import/reading.js';
import type { ImportedKey } from '../../keys/key.js';
import { ask } from '../ask.js';
import { withAdmin } from '../client.js';
import { Failure } from '../failure.js';
import { printImport, type ImportReport } from '../import-view.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { createProgressBar } from '../progress-bar.js';
import { withoutWatched } from '../watched-secrets.js';

/** Keys in one request, and so in one transaction. */
const BATCH = 250;
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

interface ImportCommandOptions {
  dryRun?: boolean;
  out?: string;
  rootToken?: boolean;
}

/** Reads everything before anything is changed: a file that cannot be read ends the command. */
export const run: RunCommand = async (invocation) => {
  const { args, options, io, globals } = invocation;
  const { dryRun = false, out, rootToken = false }: ImportCommandOptions = options;
  const files = args.filter((name) => name !== undefined);
  const settings = { root: rootToken, now: unixSeconds(systemClock) };
  const found: Reading[] = [];
  for (const file of files) found.push(await readOne(resolve(io.cwd, file), settings));
  const settled = globals.url === undefined ? await withoutWatched(invocation, found) : found;
  const readings = settled.map((reading, index) => ({ file: files[index] ?? '', reading }));
  const configuration = combinedConfiguration(readings.map(({ reading }) => reading));
  const yaml = configuration === null ? null : stringify(configuration, { lineWidth: 0 });
  const keys = readings.flatMap(({ reading }) => reading.keys);
  if (!dryRun && out !== undefined && yaml !== null) await writeNew(resolve(io.cwd, out), yaml);
  const outcome = dryRun || keys.length === 0 ? null : await importAll(invocation, keys);
  const report: ImportReport = {
    readings,
    keys: keys.length,
    outcome,
    dryRun,
    yaml,
    out: yaml === null ? null : (out ?? null),
  };
  printImport(io, report, globals.json);
  return 0;
};

async function readOne(path: string, settings: { root: boolean; now: number }): Promise<Reading> {
  try {
    return readForeignFile(await contentOf(path), settings);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new Failure(`${path} ${error.message}. Nothing was imported.`, { cause: error });
  }
}

/** Databases are only recognised here: they may be large, and in use. */
async function contentOf(path: string): Promise<ForeignFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new Failure(`${path} cannot be read (${codeOf(cause)}). Nothing was imported.`, { cause });
  });
  try {
    const { size } = await file.stat();
    const mark = Buffer.alloc(SQLITE_MARK.length);
    await file.read(mark, 0, mark.length, 0);
    if (mark.toString('latin1') === SQLITE_MARK) return { path, text: null };
    if (size > LARGEST_FILE_BYTES) throw new UnreadableFile(`is larger than ${LARGEST_FILE_BYTES} bytes`);
  } finally {
    await file.close();
  }
  return { path, text: await readFile(path, 'utf8') };
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    const why =
      codeOf(cause) === 'EEXIST' ? 'exists already and is not overwritten' : `cannot be written (${codeOf(cause)})`;
    throw new Failure(`${path} ${why}. Name another file with --out. Nothing was imported.`, { cause });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function importAll(
  invocation: Invocation,
  keys: readonly ImportedKey[],
): Promise<{ imported: number; known: number }> {
  const { io } = invocation;
  const outcome = { imported: 0, known: 0 };
  const bar = io.outIsTerminal && keys.length > BATCH ? createProgressBar(io) : null;
  try {
    await withAdmin(
      invocation,
      async (client) => {
        for (let from = 0; from < keys.length; from += BATCH) {
          bar?.show(from / keys.length, `${from} of ${keys.length} keys`);
          const body = { keys: keys.slice(from, from + BATCH).map(wireOf) };
          const answer = await ask<ImportedBody>(client, '/admin/v1/keys/import', { method: 'POST', body });
          for (const { known } of answer.body.data) outcome[known ? 'known' : 'imported'] += 1;
        }
      },
      { mayCreate: true },
    );
  } finally {
    bar?.clear();
  }
  return outcome;
}

function wireOf({ createdAt, expiresAt, secret, scopes, models, ...same }: ImportedKey): ImportedKeyBody {
  const shown =
    'text' in secret ? { secret: secret.text.reveal() } : { sha256: Buffer.from(secret.sha256).toString('hex') };
  return { ...same, scopes: [...scopes], models: [...models], created_at: createdAt, expires_at: expiresAt, ...shown };
}
