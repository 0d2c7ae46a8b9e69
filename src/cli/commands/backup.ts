import { resolve } from 'node:path';
import type { BackedUpBody } from '../../admin/contract-gateway.js';
import { ask, show } from '../ask.js';
import { withAdmin } from '../client.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async (invocation) => {
  const question = { method: 'POST' as const, body: { file: resolve(invocation.io.cwd, invocation.args[0] ?? '') } };
  const { body, text } = await withAdmin(invocation, (client) =>
    ask<BackedUpBody>(client, '/admin/v1/backup', question),
  );
  return show(invocation, text, () =>
    invocation.io.out(`Wrote ${body.file}: ${body.keys} keys, ${body.bytes} bytes.\n`),
  );
};
