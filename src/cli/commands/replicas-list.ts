import type { ReplicaBody, ReplicaListBody } from '../../admin/contract-replicas.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { moment, printable, styled } from '../printable.js';
import { NEEDS_GATEWAY } from '../replica-act.js';
import { printTable } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { body, text } = await withAdmin(
    invocation,
    (client) => ask<ReplicaListBody>(client, '/admin/v1/replicas'),
    NEEDS_GATEWAY,
  );
  return show(invocation, text, async () => {
    const { io } = invocation;
    await printTable(
      io,
      ['ID', 'STATE', 'MODELS', 'URL', 'RUNNING', 'WAITING', 'PROCESS', 'SINCE', 'RESTARTS'],
      body.data.map(cells),
    );
    for (const { id, detail } of body.data)
      if (detail !== null) io.out(`${styled(io, 'yellow', printable(id))}: ${printable(detail)}\n`);
  });
};

function cells({ id, state, models, url, in_flight: running, waiting, process }: ReplicaBody): string[] {
  return [
    id,
    state,
    models.join(', ') || '-',
    url ?? '-',
    String(running),
    String(waiting),
    process === null ? '-' : String(process.pid ?? '-'),
    moment(process?.started_at ?? null),
    process === null ? '-' : String(process.restarts),
  ];
}
