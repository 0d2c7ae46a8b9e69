import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Report } from './rule.js';
import type { Config } from './schema.js';

const GROUP_AND_OTHERS_WRITE = 0o022;
const OTHERS_WRITE = 0o002;
/** In a directory like `/tmp` only the owner of a file can replace it. */
const STICKY = 0o1000;

/** Who can write a file with commands can run programs as this user: then nothing of it is run. */
export async function checkCommandFile(config: Config, file: string | null, report: Report): Promise<void> {
  const name = Object.entries(config.models).find(([, { command }]) => command !== null)?.[0];
  if (file === null || name === undefined) return;
  const fault = await writableFault(file);
  if (fault !== null) report(['models', name, 'command'], fault);
}

async function writableFault(file: string): Promise<string | null> {
  const [own, directory] = await Promise.all([stat(file).catch(() => null), stat(dirname(file)).catch(() => null)]);
  // A configuration that is only text in memory is its giver's matter.
  if (own === null || directory === null) return null;
  if ((own.mode & GROUP_AND_OTHERS_WRITE) !== 0)
    return `is not run, because other users can write ${file}; run \`chmod go-w ${file}\``;
  const user = process.getuid?.() ?? own.uid;
  if (own.uid !== user && own.uid !== 0)
    return `is not run, because ${file} belongs to another user (uid ${own.uid}); make it your own`;
  const loose = (directory.mode & OTHERS_WRITE) !== 0 && (directory.mode & STICKY) === 0;
  return loose ? `is not run, because other users can replace ${file}; run \`chmod o-w ${dirname(file)}\`` : null;
}
