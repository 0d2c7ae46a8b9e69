import { runningGateway } from '../../storage/data-directory.js';
import { Failure } from '../failure.js';
import type { Invocation } from '../invocation.js';
import { findLocal } from '../local.js';
import { readServiceRecord } from '../skyserve-record.js';

/** Prints where a service is, in one line that a shell can use. */
export async function printEndpoint(
  invocation: Invocation,
  asked: { names: readonly string[]; withScheme: boolean },
): Promise<number> {
  const { io, globals } = invocation;
  const { names, withScheme } = asked;
  if (names.length > 1)
    throw new Failure(
      `${names.length} services found. Please specify an existing service to show its endpoint. Usage: keyporter status --endpoint NAME`,
    );
  const { dataDir } = await findLocal(invocation);
  const running = await runningGateway(dataDir);
  const service = running === null ? null : await readServiceRecord(dataDir, running.pid);
  const [name] = names;
  if (name === undefined && service === null)
    throw new Failure(
      'No service found. Please specify an existing service to show its endpoint. Usage: keyporter status --endpoint NAME',
    );
  if (service === null || (name !== undefined && service.name !== name))
    throw new Failure(`Service '${name ?? ''}' not found. Looked in ${dataDir}.`);
  const endpoint = withScheme ? service.url : service.url.replace(/^https?:\/\//, '');
  io.out(globals.json ? `${JSON.stringify({ name: service.name, endpoint })}\n` : `${endpoint}\n`);
  return 0;
}
