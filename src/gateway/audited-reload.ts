import { OPERATOR } from './answer-admin.js';
import type { Configuration } from './configuration.js';
import type { Stores } from './stores.js';

/** A reload nobody asked for through the admin API, which keeps its own record: by a signal, or because the file changed. */
export function auditedReload(
  configuration: Configuration,
  { keys }: Stores,
): (text?: string) => Promise<{ ok: boolean; faults: string[] }> {
  return async (text) => {
    const outcome = await configuration.reload(text);
    const act = { actor: OPERATOR.id, address: null, requestId: null, action: 'config.reload', target: 'config' };
    await keys.audit.record({ ...act, result: outcome.ok ? 'done' : 'refused', details: { faults: outcome.faults } });
    return outcome;
  };
}
