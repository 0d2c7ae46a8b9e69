import type { CallerListBody } from '../../admin/contract-caller.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { moment } from '../printable.js';
import { printTable } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { body, text } = await withAdmin(invocation, (client) => ask<CallerListBody>(client, '/admin/v1/callers'));
  const rows = body.data.map((caller) => [
    caller.id,
    caller.owner ?? '',
    caller.blocked ? 'blocked' : 'active',
    moment(caller.last_seen_at, 'not since the start'),
  ]);
  return show(invocation, text, () => printTable(invocation.io, ['CALLER', 'OWNER', 'STATE', 'LAST SEEN'], rows));
};
