import type { KeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import { misuse } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { printKey } from '../key-view.js';
import { changedLimits } from '../limit-options.js';
import { rightsBody, type RightsOptions } from '../rights-options.js';

export const run: RunCommand = async (invocation) => {
  const { limit, clear = [] }: RightsOptions = invocation.options;
  const change = rightsBody(invocation.options);
  if (Object.keys(change).length === 0)
    throw misuse('Name something to change. `keyporter keys update --help` lists what can be changed.');
  const path = `/admin/v1/keys/${segment(invocation.args[0])}`;
  const { body, text } = await withAdmin(invocation, async (client) => {
    // The API replaces limits as a whole; one that is not named here must not be lost.
    if (limit !== undefined && !clear.includes('limits'))
      change.limits = changedLimits((await ask<KeyBody>(client, path)).body.limits, limit);
    return ask<KeyBody>(client, path, { method: 'PATCH', body: change });
  });
  return show(invocation, text, () => printKey(invocation.io, body));
};
