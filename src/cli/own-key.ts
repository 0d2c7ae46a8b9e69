import { type AdminClient, connectRemote, keyToSend, remoteUrl } from './client.js';
import { Failure } from './failure.js';
import type { Invocation } from './invocation.js';
import { findLocal } from './local.js';

/** The gateway as a holder of a key reaches it: by `--url`, else the one that runs on this machine. */
export async function asHolder(invocation: Invocation): Promise<AdminClient> {
  const url = remoteUrl(invocation) ?? (await localUrl(invocation));
  return connectRemote(url, await keyToSend(invocation));
}

async function localUrl(invocation: Invocation): Promise<URL> {
  const { dataDir } = await findLocal(invocation);
  const { runningGateway } = await import('../storage/data-directory.js');
  const running = await runningGateway(dataDir);
  if (running === null) throw new Failure(`No gateway runs here (looked in ${dataDir}). Name one with --url.`);
  return new URL(running.url);
}
