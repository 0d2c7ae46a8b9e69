import type { StreamBody, StreamListBody } from '../../admin/contract-activity.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { moment } from '../printable.js';
import { printTable } from '../table.js';

/** The phase; of a queued request with its place and the seconds for which it waits. */
function phaseOf({ phase, position, waiting_ms: waitingMs }: StreamBody): string {
  return position === null ? phase : `${phase} #${position}, ${Math.round((waitingMs ?? 0) / 1000)} s`;
}

export const run: RunCommand = async (invocation) => {
  const { body, text } = await withAdmin(invocation, (client) => ask<StreamListBody>(client, '/admin/v1/streams'));
  const rows = body.data.map((stream) => [
    stream.id,
    moment(stream.started_at),
    phaseOf(stream),
    stream.key_id,
    stream.owner ?? '-',
    stream.model ?? '-',
    stream.replica ?? '-',
    String(stream.bytes_out),
  ]);
  return show(invocation, text, () =>
    printTable(invocation.io, ['ID', 'SINCE', 'PHASE', 'KEY', 'OWNER', 'MODEL', 'SERVER', 'BYTES'], rows),
  );
};
