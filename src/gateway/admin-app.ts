import { lacking } from '../access/grant.js';
import { covers, isKnownScope } from '../access/scope.js';
import type { AdminApp } from '../admin/caller.js';
import type { AdminPorts } from '../admin/ports.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { VERSION } from './version.js';

/** The admin API, loaded when it is first asked: a gateway starts faster without it. */
export function lazyAdminApp(
  ports: () => AdminPorts,
  { clock, log }: { clock: Clock; log: Log },
): () => Promise<AdminApp> {
  let app: Promise<AdminApp> | null = null;
  const make = async (): Promise<AdminApp> => {
    const { createAdminApp } = await import('../admin/app.js');
    return createAdminApp(ports(), { clock, log, version: VERSION, covers, isKnownScope, lacking });
  };
  return () => (app ??= make());
}
