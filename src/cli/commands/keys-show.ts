import type { KeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printKey } from '../key-view.js';

export const run: RunCommand = async (invocation) => {
  const path = `/admin/v1/keys/${segment(invocation.args[0])}`;
  const { body, text } = await withAdmin(invocation, (client) => ask<KeyBody>(client, path));
  return show(invocation, text, () => printKey(invocation.io, body));
};
