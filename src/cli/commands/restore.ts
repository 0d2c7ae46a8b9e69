import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { restore, type RestoreResult } from '../../gateway/store-files.js';
import { misuse } from '../failure.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';
import { printable } from '../printable.js';

/** Works on the files themselves: while a gateway runs, its store cannot be replaced. */
export const run: RunCommand = async (invocation) => {
  const { io, globals, args } = invocation;
  if (globals.url !== undefined) throw misuse('A store can only be restored on its own machine. Leave --url out.');
  const { dataDir } = await findLocal(invocation);
  const file = resolve(io.cwd, args[0] ?? '');
  const actor = { id: `local:${userInfo().username}`, address: null, requestId: null };
  const { keptAside, ...result } = await restore({ file, dir: dataDir, clock: systemClock, actor });
  if (globals.json) io.out(`${JSON.stringify({ file, data_dir: dataDir, ...result, kept_aside: keptAside })}\n`);
  else printRestored(invocation, dataDir, { keptAside, ...result });
  return 0;
};

function printRestored({ io }: Invocation, dataDir: string, result: RestoreResult): void {
  io.out(`Restored ${result.restored} keys to ${printable(dataDir)}.\n`);
  if (result.disabled.length > 0)
    io.out(`Changed since the copy, and disabled for you to look at: ${result.disabled.join(' ')}\n`);
  if (result.revoked.length > 0) io.out(`Revoked since the copy, and still revoked: ${result.revoked.join(' ')}\n`);
  if (result.missing.length > 0) io.out(`Made since the copy, and no longer known: ${result.missing.join(' ')}\n`);
  if (!result.compared)
    io.out('The store before could not be read, so nothing is known about changes since the copy.\n');
  if (result.keptAside !== null) io.out(`The store before is kept as ${printable(result.keptAside)}\n`);
}
