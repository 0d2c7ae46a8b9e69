import type { Invocation } from './invocation.js';
import { printFacts } from './table.js';

/** The form of a store, and the one this program writes. */
export function printVersions(
  { io, globals }: Invocation,
  { store, program }: { store: number; program: number },
): void {
  if (globals.json)
    io.out(`${JSON.stringify({ store_version: store, program_version: program, up_to_date: store === program })}\n`);
  else {
    printFacts(io, [
      ['store version', String(store)],
      ['this program writes', String(program)],
      ['state', sentence(store, program)],
    ]);
  }
}

function sentence(store: number, program: number): string {
  if (store === program) return 'up to date';
  return store < program
    ? 'older: `keyporter migrate up`, or the next start, brings it up to date'
    : 'newer than this program';
}
