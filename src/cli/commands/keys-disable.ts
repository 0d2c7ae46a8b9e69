import type { KeyBody } from '../../admin/contract-key.js';
import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printable } from '../printable.js';

export const run: RunCommand = async (invocation) => {
  const path = `/admin/v1/keys/${segment(invocation.args[0])}/disable`;
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<KeyBody & { streams_ended: number }>(client, path, { method: 'POST' }),
  );
  return show(invocation, text, () => {
    invocation.io.out(
      `Key ${body.id} "${printable(body.name)}" is switched off; running requests ended: ${body.streams_ended}.\n`,
    );
  });
};
