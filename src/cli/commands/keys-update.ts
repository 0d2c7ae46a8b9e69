import type { KeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import { misuse } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { printKey } from '../key-view.js';
import { rightsBody } from '../rights-options.js';

export const run: RunCommand = async (invocation) => {
  const change = rightsBody(invocation.options);
  if (Object.keys(change).length === 0)
    throw misuse('Name something to change. `keyporter keys update --help` lists what can be changed.');
  const path = `/admin/v1/keys/${segment(invocation.args[0])}`;
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<KeyBody>(client, path, { method: 'PATCH', body: change }),
  );
  return show(invocation, text, () => printKey(invocation.io, body));
};
