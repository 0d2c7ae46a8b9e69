import type { RotatedKeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printRotation } from '../rotation-view.js';

export const run: RunCommand = async (invocation) => {
  const path = `/admin/v1/keys/${segment(invocation.args[0])}/rotate`;
  const body = { overlap_seconds: invocation.options['overlap'] };
  const { body: rotated, text } = await withAdmin(invocation, (client) =>
    ask<RotatedKeyBody>(client, path, { method: 'POST', body }),
  );
  return show(invocation, text, () => printRotation(invocation.io, rotated));
};
