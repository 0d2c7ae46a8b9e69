import { chmod, rm } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';
import { openListener, type Listener } from '../http/listener.js';
import type { Arrival } from '../http/node-arrival.js';

/** The CLI needs few at once; what follows a stream of events holds one each. */
const MAX_CONNECTIONS = 256;

/**
 * Opens the unix socket through which this machine's operator speaks to the running gateway. The lock
 * on the data directory is ours, so a socket that lies there is a dead one.
 */
export async function openOperatorSocket(path: string, { clock, onArrival }: { clock: Clock; onArrival(arrival: Arrival): void }): Promise<Listener> {
  await rm(path, { force: true });
  const listener = await openListener({ at: { path }, tls: null, maxConnections: MAX_CONNECTIONS, clock, onArrival });
  await chmod(path, 0o600);
  return listener;
}
