import { stringify } from 'yaml';
import { ask } from '../ask.js';
import { remoteUrl, withAdmin } from '../client.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { findLocal, requireConfiguration } from '../local.js';

/** What runs, when a gateway runs; else what would run. Needs no store. */
export const run: RunCommand = async (invocation) => {
  const config = (await ofGateway(invocation)) ?? (await ofFile(invocation));
  invocation.io.out(invocation.globals.json ? `${config.text}\n` : stringify(config.body));
  return 0;
};

async function ofGateway(invocation: Invocation): Promise<{ body: object; text: string } | null> {
  const runsElsewhere = remoteUrl(invocation) !== null;
  if (!runsElsewhere) {
    const { runningGateway } = await import('../../storage/data-directory.js');
    if ((await runningGateway((await findLocal(invocation)).dataDir)) === null) return null;
  }
  return withAdmin(invocation, (client) => ask<object>(client, '/admin/v1/config'));
}

async function ofFile(invocation: Invocation): Promise<{ body: object; text: string }> {
  const { config } = requireConfiguration(await findLocal(invocation));
  const { maskConfig } = await import('../../config/mask.js');
  const body = Object(maskConfig(config)) as object;
  return { body, text: JSON.stringify(body) };
}
