import type { LoadedConfig } from '../config/load.js';
import { parseRanges } from '../core/address.js';
import { trustingAddress } from '../http/client-address.js';
import { createCors } from '../http/cors.js';
import { createHostRule } from '../http/host-rule.js';
import type { DoorSettings } from '../pipeline/front-door.js';
import { ownHostNames } from './listeners.js';

/** What a reload replaces at the front door; `draining` belongs to the gateway. */
export type DoorRules = Omit<DoorSettings, 'draining'>;

export async function doorRules({ config }: LoadedConfig): Promise<DoorRules> {
  return {
    clientAddress: trustingAddress(parseRanges(config.trusted_proxies)),
    hostRule: createHostRule(await ownHostNames(config)),
    cors: createCors(config.cors.allow_origins),
  };
}

/** Members that are read once: a change of them waits for the next start, and is said so. */
const FIXED = ['listeners', 'data_dir', 'database', 'tls', 'logging', 'usage'] as const;

export function needRestart(before: LoadedConfig, after: LoadedConfig): string[] {
  return FIXED.filter((member) => JSON.stringify(before.config[member]) !== JSON.stringify(after.config[member]));
}
