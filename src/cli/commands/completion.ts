import { misuse } from '../failure.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion-scripts.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async ({ io, args, globals, commands }) => {
  const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
  const shell = args[0] ?? '';
  if (!Object.hasOwn(scripts, shell)) throw misuse('There is completion for bash, zsh and fish.');
  const write = scripts[shell as keyof typeof scripts];
  const script = write(commands());
  io.out(globals.json ? `${JSON.stringify({ shell, script })}\n` : script);
  return 0;
};
