import type { CreatedKeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printSecret } from '../key-view.js';
import { rightsBody } from '../rights-options.js';

/** `keys create` and, with the id of a parent, `keys derive`. */
export const run: RunCommand = async (invocation) => {
  const [parentId] = invocation.args;
  const path = parentId === undefined ? '/admin/v1/keys' : `/admin/v1/keys/${segment(parentId)}/derive`;
  const body = rightsBody(invocation.options);
  const { body: made, text } = await withAdmin(
    invocation,
    (client) => ask<CreatedKeyBody>(client, path, { method: 'POST', body }),
    { mayCreate: parentId === undefined },
  );
  return show(invocation, text, () => printSecret(invocation.io, made));
};
