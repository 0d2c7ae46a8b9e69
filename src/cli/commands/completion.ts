import { misuse } from '../failure.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion-scripts.js';
import { listCommands } from '../command-tree.js';
import type { RunCommand } from '../invocation.js';
import { buildProgram } from '../program.js';

export const run: RunCommand = async ({ io, args }) => {
  const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
  const shell = args[0] ?? '';
  if (!Object.hasOwn(scripts, shell)) throw misuse('There is completion for bash, zsh and fish.');
  const write = scripts[shell as keyof typeof scripts];
  io.out(write(listCommands(buildProgram(io, () => undefined))));
  return 0;
};
