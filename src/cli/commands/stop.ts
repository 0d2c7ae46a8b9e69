import { pause, systemClock } from '../../core/clock.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';

export const run: RunCommand = async (invocation) => {
  const needsGateway = 'No gateway runs with this data directory, so there is nothing to stop.';
  const { text } = await withAdmin(invocation, (client) => ask(client, '/admin/v1/stop', { method: 'POST' }), {
    needsGateway,
  });
  const gone = await isGone(invocation);
  return show(invocation, text, () =>
    invocation.io.out(
      gone
        ? 'The gateway has stopped.\n'
        : 'The gateway takes no new requests and stops when the running ones have ended.\n',
    ),
  );
};

/** Most gateways are idle and gone at once; what comes after `stop`, such as `restore`, then finds the way free. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

async function isGone(invocation: Invocation): Promise<boolean> {
  if (invocation.globals.url !== undefined) return false;
  const { dataDir } = await findLocal(invocation);
  const { runningGateway } = await import('../../storage/data-directory.js');
  const deadline = systemClock.monotonic() + PATIENCE_MS;
  while ((await runningGateway(dataDir).catch(() => null)) !== null) {
    if (systemClock.monotonic() > deadline) return false;
    await pause(LOOK_AGAIN_MS);
  }
  return true;
}
