import type { OwnerListBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { limitsInWords } from '../limit-options.js';
import { moment } from '../printable.js';
import { printTable } from '../table.js';

export const run: RunCommand = async (invocation) => {
  const { body, text } = await withAdmin(invocation, (client) => ask<OwnerListBody>(client, '/admin/v1/owners'));
  const rows = body.data.map((owner) => [
    owner.name,
    String(owner.keys),
    owner.disabled ? 'disabled' : 'active',
    moment(owner.last_used_at, 'never'),
    limitsInWords(owner.limits) ?? '-',
  ]);
  return show(invocation, text, () =>
    printTable(invocation.io, ['OWNER', 'KEYS', 'STATE', 'LAST USED', 'LIMITS'], rows),
  );
};
