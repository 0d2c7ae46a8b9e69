import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Asking } from './readiness.js';

/** What the supervisor needs of the gateway. */
export interface Surroundings {
  dataDir: string;
  /** Where commands are run: paths in them are relative to it. */
  cwd: string;
  /** Variables every process gets. */
  environment: Readonly<Record<string, string>>;
  clock: Clock;
  log: Log;
  ask: Asking;
  /** Whether a server does anything for someone without a key. */
  answersWithoutKey(url: string): Promise<boolean>;
  /** Addresses of this machine that others can reach, for URLs. */
  publicHosts(): readonly string[];
  traffic: Traffic;
}

/** The requests on their way to the processes. */
export interface Traffic {
  /**
   * Sends nothing more to this server and resolves when nothing runs there. `restart` = it comes back, so
   * requests that no other server can take wait for it.
   */
  drain(url: string, reason: 'restart' | 'operator'): Promise<void>;
  /** It takes requests again. */
  resume(url: string): void;
}
