import type { ListedCommand } from './command-tree.js';
import type { Io } from './io.js';

/** Options that every command takes. */
export interface GlobalOptions {
  json: boolean;
  config: string | undefined;
  dataDir: string | undefined;
  url: string | undefined;
  /** `-` when a secret comes on standard input. */
  key: string | undefined;
}

/** One call of a command, read from the command line. */
export interface Invocation {
  io: Io;
  globals: GlobalOptions;
  /** Positional arguments, in order. */
  args: readonly (string | undefined)[];
  /** Options of the command itself, under their names in camel case. */
  options: Readonly<Record<string, unknown>>;
  /** Every command there is, for shell completion. */
  commands(): ListedCommand[];
}

/** Does the work of a command; answers the exit code. Throws a `Failure` when it cannot. */
export type RunCommand = (invocation: Invocation) => Promise<number>;
