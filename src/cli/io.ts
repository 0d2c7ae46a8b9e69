import { homedir } from 'node:os';

/** `SIGPIPE` comes when something was written to a reader that has gone. */
export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';

/** The world outside a command: where it writes, what it reads, who calls it. Tests bring their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
  /** Standard output is a terminal: people read it. */
  outIsTerminal: boolean;
  /** Standard input is a terminal: questions can be asked. */
  inIsTerminal: boolean;
  /** All of standard input, at most 1 MiB. */
  readInput(): Promise<string>;
  /** Calls back at each such signal; returns the way to stop. */
  onSignal(name: SignalName, handler: () => void): () => void;
  /** Of this program. */
  version: string;
}

const LONGEST_INPUT_BYTES = 1024 * 1024;

/** The real world. `env` and `version` are handed in by the entry of the program. */
export function processIo(env: Io['env'], version: string): Io {
  // A reader that has seen enough (`keyporter keys list | head`) is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env,
    cwd: process.cwd(),
    home: homedir(),
    outIsTerminal: process.stdout.isTTY === true,
    inIsTerminal: process.stdin.isTTY === true,
    readInput,
    onSignal(name, handler) {
      process.on(name, handler);
      return () => void process.off(name, handler);
    },
    version,
  };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_INPUT_BYTES) throw new RangeError('standard input is longer than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
