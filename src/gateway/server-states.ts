import type { FoundState } from '../replicas/catalogue.js';
import type { ServerState } from '../replicas/pool.js';

/** Whether a server takes requests the pool alone decides; what it is and what it lists the finder knows. */
export function withPool(found: readonly FoundState[], states: readonly ServerState[]): FoundState[] {
  const byUrl = new Map(states.map((state) => [state.url, state]));
  return found.map((server) => {
    const own = byUrl.get(server.url);
    if (own === undefined || own.state === 'unknown') return server;
    if (own.state === 'up')
      return { ...server, state: 'up', detail: server.state === 'up' ? server.detail : own.detail };
    return { ...server, state: 'down', detail: own.detail };
  });
}
