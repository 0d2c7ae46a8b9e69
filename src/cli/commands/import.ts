import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { ImportedBody, ImportedKeyBody } from '../../admin/contract-import.js';
import { systemClock, unixSeconds } from '../../core/clock.js';
import { combinedConfiguration } from '../../import/combine.js';
import { readForeignFile } from '../../import/import-file.js';
import { UnreadableFile, type ImportOptions, type Reading } from '../../import/reading.js';
import type { ImportedKey } from '../../keys/key.js';
import { ask } from '../ask.js';
import { withAdmin } from '../client.js';
import { Failure, failureOf } from '../failure.js';
import { codeOf, foreignContent } from '../foreign-content.js';
import { printImport, type ImportReport } from '../import-view.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { createProgressBar } from '../progress-bar.js';
import { withoutWatched } from '../watched-secrets.js';

/** Keys in one request, and so in one transaction. */
const BATCH = 250;

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
  const settings = { root: rootToken, now: unixSeconds(systemClock), env: io.env };
  const found: Reading[] = [];
  for (const file of files) found.push(await readOne(resolve(io.cwd, file), settings));
  const settled = globals.url === undefined ? await withoutWatched(invocation, found) : found;
  const readings = settled.map((reading, index) => ({ file: files[index] ?? '', reading }));
  const configuration = combinedConfiguration(readings.map(({ reading }) => reading));
  const yaml = configuration === null ? null : stringify(configuration, { lineWidth: 0 });
  const keys = readings.flatMap(({ reading }) => reading.keys);
  const written = dryRun || out === undefined || yaml === null ? null : resolve(io.cwd, out);
  if (written !== null && yaml !== null) await writeNew(written, yaml);
  const outcome = dryRun || keys.length === 0 ? null : await importAll(invocation, keys, written);
  const report: ImportReport = {
    readings,
    keys: keys.length,
    outcome,
    dryRun,
    yaml,
    out: out ?? null,
  };
  printImport(io, report, globals.json);
  return 0;
};

async function readOne(path: string, settings: ImportOptions): Promise<Reading> {
  try {
    return readForeignFile(await foreignContent(path), settings);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new Failure(`${path} ${error.message}. Nothing was imported.`, { cause: error });
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    const why =
      codeOf(cause) === 'EEXIST' ? 'exists already and is not overwritten' : `cannot be written (${codeOf(cause)})`;
    throw new Failure(`${path} ${why}. Name another file with --out. Nothing was imported.`, { cause });
  });
}

interface Outcome {
  imported: number;
  known: number;
}

/** Takes the keys over. When that fails, `written` is taken away again, so that the command can be repeated as it is. */
async function importAll(
  invocation: Invocation,
  keys: readonly ImportedKey[],
  written: string | null,
): Promise<Outcome> {
  const outcome = { imported: 0, known: 0 };
  try {
    await importInto(outcome, keys, invocation);
    return outcome;
  } catch (error) {
    if (written !== null) await rm(written, { force: true });
    const done = outcome.imported + outcome.known;
    const failure = failureOf(error);
    if (done === 0) throw failure;
    const sentence = `${failure.message} ${done} of ${keys.length} keys were taken before that: repeat the command for the others.`;
    throw new Failure(sentence, { exitCode: failure.exitCode, cause: error });
  }
}

async function importInto(outcome: Outcome, keys: readonly ImportedKey[], invocation: Invocation): Promise<void> {
  const { io } = invocation;
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
}

function wireOf({ createdAt, expiresAt, secret, scopes, models, ...same }: ImportedKey): ImportedKeyBody {
  const shown =
    'text' in secret ? { secret: secret.text.reveal() } : { sha256: Buffer.from(secret.sha256).toString('hex') };
  return { ...same, scopes: [...scopes], models: [...models], created_at: createdAt, expires_at: expiresAt, ...shown };
}
