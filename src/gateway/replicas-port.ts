import { createHash } from 'node:crypto';
import type { ReplicaInfo, ReplicasPort } from '../admin/ports.js';
import type { Pool, ServerState } from '../replicas/pool.js';
import type { ProcessState } from '../supervisor/process-state.js';
import type { Supervisor } from '../supervisor/supervisor.js';

/** The model servers as operators see them: the processes of ours, then the others in the order of the pool. */
export function createReplicasPort({ pool, supervisor }: { pool: Pool; supervisor: Supervisor }): ReplicasPort {
  const states = (): Map<string, ServerState> => new Map(pool.states().map((state) => [state.url, state]));
  const urlOf = (id: string): string | null => {
    const process = supervisor.processes().find((one) => one.id === id);
    return process === undefined ? (pool.states().find(({ url }) => serverId(url) === id)?.url ?? null) : process.url;
  };
  const processesOf = (id: string): string[] =>
    supervisor
      .processes()
      .filter((one) => one.id === id || one.model === id)
      .map((one) => one.id);
  return {
    list() {
      const known = states();
      const processes = supervisor.processes().map((process) => fromProcess(process, known.get(process.url ?? '')));
      const own = new Set(processes.map(({ url }) => url));
      return [...processes, ...[...known.values()].filter(({ url }) => !own.has(url)).map(fromServer)];
    },
    drain(id) {
      const url = urlOf(id);
      if (url !== null) void pool.drain(url);
      return url !== null;
    },
    resume(id) {
      const url = urlOf(id);
      if (url !== null) pool.resume(url);
      return url !== null;
    },
    restart(id) {
      const ids = processesOf(id);
      // What becomes of it shows in its state.
      for (const one of ids) void supervisor.restart(one);
      return ids.length > 0;
    },
    async logs(id, lines) {
      const log = supervisor.logs(id);
      if (log === null) return null;
      const last = await log.last(lines);
      return { lines: last.lines, follow: (line) => log.follow(last.end, line) };
    },
  };
}

/** What the process itself tells comes first; of one that is ready, the pool knows more. */
function fromProcess(process: ProcessState, server: ServerState | undefined): ReplicaInfo {
  const { id, model, condition, detail, url, pid, startedAt, restarts, answersWithoutKey, publicAt } = process;
  const seen = condition === 'ready' && server !== undefined ? stateOf(server) : null;
  const differs = seen !== null && seen !== 'ready' && seen !== 'unknown';
  return {
    id,
    url,
    models: [model],
    state: differs ? seen : condition,
    detail: detail ?? (differs ? sentence(server) : null),
    inFlight: server?.inFlight ?? 0,
    maxInFlight: server?.slots ?? null,
    waiting: server?.waiting ?? 0,
    process: { pid, startedAt, restarts, answersWithoutKey, publicAt },
  };
}

function fromServer(server: ServerState): ReplicaInfo {
  const { url, models, inFlight, waiting, slots } = server;
  return {
    id: serverId(url),
    url,
    models,
    state: stateOf(server),
    detail: sentence(server),
    inFlight,
    maxInFlight: slots,
    waiting,
    process: null,
  };
}

function stateOf({ state }: ServerState): ReplicaInfo['state'] {
  if (state === 'up') return 'ready';
  return state === 'down' ? 'not_ready' : state;
}

/** The pool's words are the rest of a sentence that begins with the server. */
function sentence(server: ServerState | undefined): string | null {
  const detail = server?.detail ?? null;
  return detail === null ? null : `It ${detail}.`;
}

/** The address, and a piece of a digest that keeps two servers on one address apart. */
function serverId(url: string): string {
  const { hostname, port } = new URL(url);
  const place = `${hostname}${port === '' ? '' : `-${port}`}`.replaceAll(/[^A-Za-z0-9.-]+/g, '');
  return `${place}-${createHash('sha256').update(url).digest('hex').slice(0, 6)}`;
}
