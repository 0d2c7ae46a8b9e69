import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { NOWHERE } from '../../scripts/cli-manual.js';
import { buildProgram } from '../../src/cli/program.js';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { sources } from '../tidy/source-tree.js';

/** Variables of the environment that the program reads. */
export function knownVariables(): Set<string> {
  return new Set(sources().flatMap(({ text }) => text.match(/\b(KEYPORTER_[A-Z_]+|STATE_DIRECTORY)\b/g) ?? []));
}

/** What the program would say against this command line; null = it takes it. Nothing is run. */
export async function commandFault(args: readonly string[]): Promise<string | null> {
  const program = buildProgram(NOWHERE, () => undefined);
  for (const command of [program, ...program.commands]) command.hook('preAction', () => stopHere());
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 'names no command';
  } catch (error) {
    if (error instanceof ReadToTheEnd) return null;
    return error instanceof CommanderError ? error.message : String(error);
  }
}

class ReadToTheEnd extends Error {}

function stopHere(): never {
  throw new ReadToTheEnd();
}

/** Reads a configuration of `deploy/`; mounted secrets are files of a temporary folder. */
export async function configurationOf(text: string, env: Record<string, string> = {}): Promise<Config> {
  const cwd = await mkdtemp(join(tmpdir(), 'kp-'));
  await writeFile(join(cwd, 'secret'), 'a-secret', { mode: 0o600 });
  const mounted = text.replaceAll(/\$\{file:\/run\/secrets\/\w+\}/g, `\${file:${join(cwd, 'secret')}}`);
  const outcome = await loadConfig({ text: mounted, env, cwd });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  return outcome.loaded.config;
}
