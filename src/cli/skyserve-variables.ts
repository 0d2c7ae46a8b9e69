import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure, misuse } from './failure.js';
import type { Invocation } from './invocation.js';
import type { ServeOptions } from './serve-options.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SECRET_NAME = /TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIAL/i;

/** What `--env`, `--secret` and `--env-file` say; the command line wins. A name alone takes its value from the environment. */
export async function givenVariables({ io, options }: Invocation): Promise<Record<string, string>> {
  const { env: named = [], secret = [], envFile }: ServeOptions = options;
  const values = envFile === undefined ? {} : await variablesIn(resolve(io.cwd, envFile));
  for (const text of [...named, ...secret]) {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    if (!VARIABLE.test(name)) throw misuse('--env takes NAME or NAME=VALUE, with letters, digits and _ in the name.');
    const value = at < 0 ? io.env[name] : text.slice(at + 1);
    if (value === undefined)
      throw new Failure(
        `--env ${name} takes its value from the environment, where ${name} is not set. Set it, or leave the option out.`,
      );
    if (at >= 0 && SECRET_NAME.test(name))
      io.err(
        `Warning: every user of this machine can read ${name} in this command line. Set it in the environment and write --env ${name}.\n`,
      );
    values[name] = value;
  }
  return values;
}

/** Lines of NAME=VALUE; empty ones and comments are skipped, quotes around a value are not part of it. */
async function variablesIn(path: string): Promise<Record<string, string>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure(`The file ${path} of --env-file cannot be read.`, { cause });
  });
  const values: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const bare = line.trim().replace(/^export\s+/, '');
    if (bare === '' || bare.startsWith('#')) continue;
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(bare) ?? [];
    if (name === undefined || value === undefined) throw new Failure(`Line ${index + 1} of ${path} is no NAME=VALUE.`);
    values[name] = value.replace(/^(['"])(.*)\1$/, '$2');
  }
  return values;
}
