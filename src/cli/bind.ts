import type { Command } from 'commander';
import type { GlobalOptions, RunCommand } from './invocation.js';
import type { Io } from './io.js';

/** Ties a declared command to the module that does its work, which is loaded only when it runs. */
export type Bind = (load: () => Promise<{ run: RunCommand }>) => (...given: unknown[]) => Promise<void>;

export function createBind(io: Io, finished: (exitCode: number) => void): Bind {
  return (load) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const { run } = await load();
      const args = (command.processedArgs as (string | string[] | undefined)[]).flat();
      finished(await run({ io, globals: globalsOf(command), args, options: command.opts() }));
    };
}

function globalsOf(command: Command): GlobalOptions {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const { json, config, dataDir, url, key } = root.opts<Partial<GlobalOptions>>();
  return { json: json === true, config, dataDir, url, key };
}

/** Examples under the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
