import type { LogLineBody, ReplicaLogsBody } from '../../admin/contract-replicas.js';
import { ask, segment, show, withQuery } from '../ask.js';
import { withAdmin } from '../client.js';
import { followLines } from '../follow-lines.js';
import type { RunCommand } from '../invocation.js';
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
    return withAdmin(
      invocation,
      (client) => followLines(invocation, client, { path: path({ follow: 1 }), inWords }),
      NEEDS_GATEWAY,
    );
  const { body, text } = await withAdmin(invocation, (client) => ask<ReplicaLogsBody>(client, path({})), NEEDS_GATEWAY);
  return show(invocation, text, () => body.data.forEach(({ line }) => invocation.io.out(`${printable(line)}\n`)));
};

function inWords(text: string): string {
  const row = JSON.parse(text) as LogLineBody | { left_out: number };
  return 'left_out' in row
    ? `(${row.left_out} lines left out: they came faster than they could be shown)`
    : printable(row.line);
}
