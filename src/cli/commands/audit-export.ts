import { askLines } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = (invocation) =>
  withAdmin(invocation, async (client) => {
    for await (const line of askLines(client, '/admin/v1/audit/export')) invocation.io.out(`${line}\n`);
    return 0;
  });
