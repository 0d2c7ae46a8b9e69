import type { Command } from 'commander';
import { listCommands } from './command-tree.js';
import type { GlobalOptions, RunCommand } from './invocation.js';
import type { Io } from './io.js';
import { misuse } from './failure.js';

/** Ties a declared command to the module that does its work, which is loaded only when it runs. */
export type Bind = (load: () => Promise<{ run: RunCommand }>) => (...given: unknown[]) => Promise<void>;

/** Commands that take the id of a key as `--key`. */
const NAMES_KEY: ReadonlySet<string> = new Set(['requests', 'usage', 'replay']);

export function createBind(io: Io, finished: (exitCode: number) => void): Bind {
  return (load) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const { run } = await load();
      const args = (command.processedArgs as (string | string[] | undefined)[]).flat();
      const root = rootOf(command);
      const globals = globalsOf(root);
      if (globals.key !== undefined && globals.key !== '-' && !NAMES_KEY.has(command.name()))
        throw misuse('Here --key takes only "-": send the key on standard input, or set KEYPORTER_KEY.');
      finished(await run({ io, globals, args, options: command.opts(), commands: () => listCommands(root) }));
    };
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function globalsOf(root: Command): GlobalOptions {
  const { json, config, dataDir, url, key } = root.opts<Partial<GlobalOptions>>();
  return { json: json === true, config, dataDir, url, key };
}

/** Examples under the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
