import type { SessionLinkBody } from '../../admin/contract-session.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';
import { printable, styled } from '../printable.js';
import { tunnelTo } from '../tunnel.js';

export const run: RunCommand = async (invocation) => {
  const { io } = invocation;
  const { body, text, way } = await withAdmin(
    invocation,
    async (client) => ({
      ...(await ask<SessionLinkBody>(client, '/admin/v1/session/links', { method: 'POST' })),
      way: client.way,
    }),
    { needsGateway: 'No gateway runs, so there is no web interface. `keyporter serve` starts it.' },
  );
  return show(invocation, text, () => {
    const tunnel = way === 'socket' ? tunnelTo(body.url, io.env) : null;
    if (tunnel !== null)
      io.out(
        `You are on this machine by SSH. On your own machine, run\n  ${styled(io, 'bold', printable(tunnel))}\nand open there, within a minute:\n`,
      );
    else io.out('Open this link in a browser, within a minute. It works once.\n');
    io.out(`  ${styled(io, 'bold', printable(body.url))}\n`);
  });
};
