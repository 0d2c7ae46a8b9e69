import type { StatusInfo } from '../admin/ports.js';
import { formatFaults, type LoadedConfig, type LoadOutcome } from '../config/load.js';
import { watchConfig } from '../config/watch.js';
import { parseRanges } from '../core/address.js';
import { unixSeconds, type Cancel, type Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { trustingAddress } from '../http/client-address.js';
import { createCors } from '../http/cors.js';
import { createHostRule } from '../http/host-rule.js';
import type { DoorSettings } from '../pipeline/front-door.js';
import { ownHostNames } from './listeners.js';

/** Reads the configuration again; with `text`, the content of the file is already at hand. */
export type ReadAgain = (text?: string) => Promise<LoadOutcome>;

/** The configuration that runs, and the way to another one. */
export interface Configuration {
  current(): LoadedConfig;
  /** What the front door goes by. */
  door(): DoorSettings;
  lastReload(): StatusInfo['lastReload'];
  /** Reads the file again. A bad one leaves everything as it is. */
  reload(text?: string): Promise<{ ok: boolean; faults: string[] }>;
  onChange(changed: () => void): void;
  /** Calls `reload` with the new content when the file changes. */
  follow(reload: (text: string) => void): Cancel;
}

export interface ConfigurationParts {
  loaded: LoadedConfig;
  readAgain: ReadAgain | undefined;
  clock: Clock;
  log: Log;
}

/** Members that are read once: a change of them waits for the next start, and is said so. */
const FIXED = ['listeners', 'data_dir', 'database', 'tls', 'logging', 'tracing', 'usage'] as const;

export async function createConfiguration({
  loaded: first,
  readAgain,
  clock,
  log,
}: ConfigurationParts): Promise<Configuration> {
  let loaded = first;
  let door = await doorSettings(loaded);
  let lastReload: StatusInfo['lastReload'] = null;
  const changed: (() => void)[] = [];

  const reload = async (text?: string): Promise<{ ok: boolean; faults: string[] }> => {
    const outcome = readAgain === undefined ? null : await readAgain(text);
    const faults =
      outcome === null
        ? ['This gateway was started without a configuration it could read again.']
        : outcome.ok
          ? []
          : [formatFaults(outcome.faults)];
    lastReload = { at: unixSeconds(clock), ok: outcome?.ok === true, faults };
    if (outcome?.ok !== true) {
      log.error({ faults }, 'the new configuration cannot be used: the running one stays');
      return { ok: false, faults };
    }
    const waiting = FIXED.filter(
      (member) => JSON.stringify(loaded.config[member]) !== JSON.stringify(outcome.loaded.config[member]),
    );
    door = await doorSettings(outcome.loaded);
    loaded = outcome.loaded;
    for (const tell of changed) tell();
    log.info({ file: loaded.file, waitingForRestart: waiting }, 'the new configuration runs');
    return { ok: true, faults: [] };
  };
  return {
    current: () => loaded,
    door: () => door,
    lastReload: () => lastReload,
    reload,
    onChange: (tell) => void changed.push(tell),
    follow: (tell) =>
      loaded.file === null || readAgain === undefined ? () => {} : watchConfig(loaded.file, clock, tell),
  };
}

async function doorSettings({ config }: LoadedConfig): Promise<DoorSettings> {
  return {
    clientAddress: trustingAddress(parseRanges(config.trusted_proxies)),
    hostRule: createHostRule(await ownHostNames(config)),
    cors: createCors(config.cors.allow_origins),
  };
}
