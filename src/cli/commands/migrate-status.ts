import { storeVersions } from '../../gateway/store-files.js';
import type { RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';
import { printFacts } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const { store, program } = storeVersions((await findLocal(invocation)).dataDir);
  if (globals.json)
    io.out(`${JSON.stringify({ store_version: store, program_version: program, up_to_date: store === program })}\n`);
  else {
    printFacts(io, [
      ['store version', String(store)],
      ['this program writes', String(program)],
      ['state', sentence(store, program)],
    ]);
  }
  return 0;
};

function sentence(store: number, program: number): string {
  if (store === program) return 'up to date';
  return store < program
    ? 'older: it is brought up to date when a gateway or command opens it'
    : 'newer than this program';
}
