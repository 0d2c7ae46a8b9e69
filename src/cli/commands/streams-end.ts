import { ask, segment, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async (invocation) => {
  const path = `/admin/v1/streams/${segment(invocation.args[0])}`;
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<{ id: string }>(client, path, { method: 'DELETE' }),
  );
  return show(invocation, text, () => invocation.io.out(`Ended ${body.id}.\n`));
};
