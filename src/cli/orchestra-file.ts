import { systemClock } from '../core/clock.js';
import { editKeyFile, readForEdit, type EditableKeyFile } from '../orchestra/edit-key-file.js';
import { Failure, misuse } from './failure.js';
import type { Invocation } from './invocation.js';
import { printable } from './printable.js';

/** Where Orchestra's key file is: the configuration says it, or its default does. */
async function keyFileOf({ io, globals }: Invocation): Promise<string> {
  const { findConfigFile, formatFaults, loadConfig } = await import('../config/load.js');
  const { env, cwd, home } = io;
  const found = await findConfigFile({ flag: globals.config, env, cwd, home });
  const outcome = await loadConfig(found === null ? { env, cwd } : { file: found, env, cwd });
  if (!outcome.ok)
    throw new Failure(
      `${formatFaults(outcome.faults)}\nThe configuration, which names the key file, is faulty. Correct it.`,
    );
  const { keys_file: file = null } = outcome.loaded.config.orchestra;
  if (file === null)
    throw new Failure(
      '`orchestra.keys_file` is null: there is no key file, and keys are those of the store. Use `keyporter keys`.',
    );
  return file;
}

export async function readKeys(invocation: Invocation): Promise<EditableKeyFile> {
  const file = await keyFileOf(invocation);
  return withSentence(file, readForEdit(file));
}

/** Changes the file under its lock; `change` answers false to leave it as it is. */
export async function changeKeys(invocation: Invocation, change: (file: EditableKeyFile) => boolean): Promise<void> {
  const file = await keyFileOf(invocation);
  await withSentence(file, editKeyFile(file, systemClock, change));
}

/** The key given as argument, or from standard input; warns about one that stood on the command line. */
export async function givenKey({ io, args }: Invocation): Promise<string> {
  const [given = ''] = args;
  const key = given === '-' ? (await io.readInput()).trim() : given;
  if (key === '' || /[^\x21-\x7e]/.test(key))
    throw misuse('A key is printable ASCII without spaces, at least one character.');
  if (given !== '-')
    io.err(
      'Warning: the key stood on the command line, where every user of this machine can read it. `-` reads it from standard input.\n',
    );
  return key;
}

/** Prints what Orchestra's script prints, or with --json the same as an object. */
export function say({ io, globals }: Invocation, lines: string, told: object): number {
  io.out(globals.json ? `${JSON.stringify(told)}\n` : lines);
  return 0;
}

/** What the system says of a file, and what to do about it. */
const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist; make it, or name another file in `orchestra.keys_file` or API_KEYS_FILE',
  EACCES: 'this user may not read it, or not write to its directory',
  EPERM: 'this user may not read it, or not write to its directory',
  EROFS: 'it lies where nothing can be written',
  EISDIR: 'it is a directory; name a file in `orchestra.keys_file` or API_KEYS_FILE',
  ENOTDIR: 'a part of its path is no directory; name another file in `orchestra.keys_file` or API_KEYS_FILE',
  ENOSPC: 'there is no room left on its disk; make room',
};

async function withSentence<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const told =
      code === undefined
        ? message
        : `The key file ${file} cannot be used: ${FAULTS[code] ?? `the system says ${code}`}.`;
    throw new Failure(printable(told), { cause: error });
  }
}
