import type { AdminClient } from './client.js';
import { askLines } from './ask.js';
import type { Invocation } from './invocation.js';

const ENDS = ['SIGINT', 'SIGTERM', 'SIGPIPE'] as const;

/** Prints what comes, a line each, until the gateway ends, somebody presses Ctrl-C or nobody reads any more. */
export async function followLines(
  { io, globals }: Invocation,
  client: AdminClient,
  { path, inWords }: { path: string; inWords: (line: string) => string },
): Promise<number> {
  const stopped = new AbortController();
  const stops = ENDS.map((signal) => io.onSignal(signal, () => stopped.abort()));
  try {
    for await (const line of askLines(client, path, { signal: stopped.signal }))
      io.out(globals.json ? `${line}\n` : `${inWords(line)}\n`);
  } finally {
    for (const stop of stops) stop();
  }
  return 0;
}
