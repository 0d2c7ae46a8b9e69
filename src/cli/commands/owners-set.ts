import type { ChangedOwnerBody, OwnerListBody } from '../../admin/contract-key.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import { misuse } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { changedLimits, limitsInWords, type LimitChanges } from '../limit-options.js';
import { printable } from '../printable.js';

export const run: RunCommand = async (invocation) => {
  const name = invocation.args[0] ?? '';
  const { limit, clear = [] } = invocation.options as { limit?: LimitChanges; clear?: string[] };
  if (limit === undefined && clear.length === 0)
    throw misuse(
      'Name what to set, for example --limit tokens_per_day=2000000. `keyporter owners set --help` lists the limits.',
    );
  if (clear.some((member) => member !== 'limits')) throw misuse('--clear takes limits.');
  const { body, text } = await withAdmin(invocation, async (client) => {
    const { data } = clear.length > 0 ? { data: [] } : (await ask<OwnerListBody>(client, '/admin/v1/owners')).body;
    const before = data.find((owner) => owner.name === name)?.limits ?? {};
    const limits = changedLimits(before, limit ?? new Map());
    return ask<ChangedOwnerBody>(client, '/admin/v1/owners', { method: 'PATCH', body: { name, limits } });
  });
  return show(invocation, text, () => invocation.io.out(`${sentence(body)}\n`));
};

function sentence({ name, limits }: ChangedOwnerBody): string {
  const words = limitsInWords(limits);
  return words === null
    ? `${printable(name)} has the limits of the configuration alone.`
    : `${printable(name)}, all keys together: ${words}.`;
}
