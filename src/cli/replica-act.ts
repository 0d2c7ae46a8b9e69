import { ask, segment, show } from './ask.js';
import { withAdmin } from './client.js';
import type { RunCommand } from './invocation.js';

/** Only a running gateway knows how its model servers are. */
export const NEEDS_GATEWAY = { needsGateway: 'No gateway runs with this data directory, so it has no model servers.' };

/** A command that asks for one thing to be done to a replica, and says what happens now. */
export function replicaAct(act: 'drain' | 'resume' | 'restart', happens: (id: string) => string): RunCommand {
  return async (invocation) => {
    const path = `/admin/v1/replicas/${segment(invocation.args[0])}/${act}`;
    const { body, text } = await withAdmin(
      invocation,
      (client) => ask<{ id: string }>(client, path, { method: 'POST' }),
      NEEDS_GATEWAY,
    );
    return show(invocation, text, () =>
      invocation.io.out(`${happens(body.id)} \`keyporter replicas list\` shows how it is.\n`),
    );
  };
}
