import { chmod, rm } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';
import { openListener, type Listener } from '../http/listener.js';
import type { Arrival } from '../http/node-arrival.js';
import { createFrontDoor, type FrontDoor } from '../pipeline/front-door.js';
import { announce, socketPath } from '../storage/data-directory.js';
import { rulesFor } from './listeners.js';
import type { Shutdown } from './shutdown.js';

/** The CLI needs few at once; what follows a stream of events holds one each. */
const MAX_CONNECTIONS = 256;

/**
 * Opens the unix socket through which this machine's operator speaks to the running gateway. The lock
 * on the data directory is ours, so a socket that lies there is a dead one.
 */
async function openOperatorSocket(
  path: string,
  { clock, onArrival }: { clock: Clock; onArrival(arrival: Arrival): void },
): Promise<Listener> {
  await rm(path, { force: true });
  const listener = await openListener({ at: { path }, tls: null, maxConnections: MAX_CONNECTIONS, clock, onArrival });
  await chmod(path, 0o600);
  return listener;
}

interface OperatorDoor {
  door: FrontDoor;
  dataDir: string;
  runtimeDir: string | null;
  url: string;
  listen: string;
  shutdown: Shutdown;
}

/** Opens the socket of this machine's operator and tells where it is. */
export async function openForOperator({
  door,
  dataDir,
  runtimeDir,
  url,
  listen,
  shutdown,
}: OperatorDoor): Promise<void> {
  const socket = socketPath(dataDir, runtimeDir);
  const listener = await openOperatorSocket(socket, {
    clock: door.clock,
    onArrival: createFrontDoor(door, { ...rulesFor(['admin']), operator: true }),
  });
  shutdown.onClose(() => listener.close());
  await announce(dataDir, { pid: process.pid, socket, url, listen });
}
