import type { Command } from 'commander';
import { Failure } from './failure.js';

/** Commands whose names are fixed and whose work comes in a later version. */
const LATER: readonly [string, string][] = [
  ['store', 'copy the store to another database'],
  ['nodes', 'the nodes that share a store'],
];

/** They are listed as what they are, and refuse: an unknown command would look like a typing error. */
export function addLaterCommands(program: Command): void {
  for (const [name, summary] of LATER) {
    program
      .command(name)
      .summary(`${summary} (not yet in this version)`)
      .argument('[arguments...]')
      .allowUnknownOption()
      .helpGroup('Not yet in this version:')
      .action(() => {
        throw new Failure(`\`keyporter ${name}\` is not yet in this version. \`keyporter --help\` lists what is.`);
      });
  }
}
