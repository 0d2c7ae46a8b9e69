import { bashCompletion, fishCompletion, zshCompletion } from '../completion-scripts.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async ({ io, args, globals, commands }) => {
  const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
  const shell = args[0] as keyof typeof scripts;
  const write = scripts[shell];
  const script = write(commands());
  io.out(globals.json ? `${JSON.stringify({ shell, script })}\n` : script);
  return 0;
};
