import type { Clock } from '../core/clock.js';
import type { LimitSettings } from '../core/limits.js';
import type { Log } from '../core/log.js';
import type { KeyPolicy } from '../keys/key.js';

/** What the admin plane needs from other parts besides its ports: the rules of rights, time and a log. */
export interface AdminSettings {
  clock: Clock;
  log: Log;
  /** Of this program, for the API's description. */
  version: string;
  /** True when a granted scope covers the needed one. */
  covers(granted: string, needed: string): boolean;
  isKnownScope(scope: string): boolean;
  /** A sentence naming what the holder does not have of `wanted`, or null. `usual` are the limits of keys without their own. */
  lacking(holder: KeyPolicy, wanted: KeyPolicy, usual: LimitSettings): string | null;
}
