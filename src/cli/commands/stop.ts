import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async (invocation) => {
  const needsGateway = 'No gateway runs with this data directory, so there is nothing to stop.';
  const { text } = await withAdmin(invocation, (client) => ask(client, '/admin/v1/stop', { method: 'POST' }), {
    needsGateway,
  });
  return show(invocation, text, () =>
    invocation.io.out('The gateway takes no new requests and stops when the running ones have ended.\n'),
  );
};
