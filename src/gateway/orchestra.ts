import { touchesLoopback } from '../config/forms.js';
import type { LoadedConfig } from '../config/load.js';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { silentLog, type Log } from '../core/log.js';
import { watchKeys } from '../orchestra/watched-keys.js';
import { WorkerBook } from '../orchestra/worker-book.js';
import type { OrchestraParts } from '../pipeline/parts.js';
import type { Configuration } from './configuration.js';

/** What orchestra listeners stand on. Rejects when one is configured and its key file cannot be used. */
export async function openOrchestra(parts: {
  configuration: Pick<Configuration, 'current'>;
  clock: Clock;
  log: Log;
}): Promise<OrchestraParts> {
  const { configuration, clock, log } = parts;
  const config = () => configuration.current().config;
  const served = config().listeners.some(({ profile }) => profile === 'orchestra');
  const keys = await watchKeys({
    served,
    clock,
    log,
    settings: () => ({
      file: served ? (config().orchestra.keys_file ?? null) : null,
      allowOpen: config().orchestra.allow_open,
      loopbackIsProxy: config().trusted_proxies.some(touchesLoopback),
    }),
  });
  return {
    keys,
    workers: new WorkerBook(),
    startedAt: clock.monotonic(),
    settings: () => ({
      openStatus: config().orchestra.open_status,
      maskWorkerErrors: config().orchestra.mask_worker_errors,
    }),
  };
}

/** What there is to say about the key file while no gateway runs. */
export async function keyFileWarnings(loaded: LoadedConfig, clock: Clock): Promise<readonly string[]> {
  try {
    const { keys } = await openOrchestra({ configuration: { current: () => loaded }, clock, log: silentLog });
    keys.close();
    return keys.warnings();
  } catch (error) {
    return [`A gateway would not start: ${error instanceof Refusal ? error.publicMessage : String(error)}`];
  }
}
