import type { LogLineBody, ReplicaLogsBody } from '../../admin/contract-replicas.js';
import { ask, askLines, segment, show, withQuery } from '../ask.js';
import { type AdminClient, withAdmin } from '../client.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { printable } from '../printable.js';
import { NEEDS_GATEWAY } from '../replica-act.js';

interface Options {
  follow?: boolean;
  lines?: number;
}

export const run: RunCommand = async (invocation) => {
  const { follow, lines }: Options = invocation.options;
  const path = (query: { follow?: number }): string =>
    withQuery(`/admin/v1/replicas/${segment(invocation.args[0])}/logs`, { lines, ...query });
  if (follow === true)
    return withAdmin(invocation, (client) => followLog(invocation, client, path({ follow: 1 })), NEEDS_GATEWAY);
  const { body, text } = await withAdmin(invocation, (client) => ask<ReplicaLogsBody>(client, path({})), NEEDS_GATEWAY);
  return show(invocation, text, () => body.data.forEach(({ line }) => invocation.io.out(`${printable(line)}\n`)));
};

/** Prints until the gateway ends or somebody presses Ctrl-C. */
async function followLog({ io, globals }: Invocation, client: AdminClient, path: string): Promise<number> {
  const stopped = new AbortController();
  const ends = ['SIGINT', 'SIGTERM', 'SIGPIPE'] as const;
  const stops = ends.map((signal) => io.onSignal(signal, () => stopped.abort()));
  try {
    for await (const text of askLines(client, path, { signal: stopped.signal }))
      io.out(globals.json ? `${text}\n` : `${inWords(text)}\n`);
  } finally {
    for (const stop of stops) stop();
  }
  return 0;
}

function inWords(text: string): string {
  const row = JSON.parse(text) as LogLineBody | { left_out: number };
  return 'left_out' in row
    ? `(${row.left_out} lines left out: they came faster than they could be shown)`
    : printable(row.line);
}
