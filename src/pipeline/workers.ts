import type { Pool, ServerState } from '../replicas/pool.js';
import type { WorkerBook } from '../orchestra/worker-book.js';
import type { Parts } from './parts.js';

/** More than this many waiting requests make a worker overcharged. */
const OVERCHARGED_FROM = 11;

/** The number of a worker: its place among all of them, from 0. */
export function workerIdOf(pool: Pool, url: string): number {
  return pool.states().findIndex((state) => state.url === url);
}

/** The workers as the original's `/status` shows them. */
export function statusView({ pool, settings, orchestra }: Parts): object {
  const rows = workerRows(pool, orchestra.workers);
  const pools = settings()
    .catalogue.list()
    .map(({ name, replicas }) => {
      const urls = new Set(replicas.map(({ url }) => url));
      return [name, rows.filter(({ url }) => urls.has(url)).map(({ row }) => row)];
    });
  return { model_pools: Object.fromEntries(pools) as object };
}

/** The counts as the original's `/metrics` shows them: JSON, not the text form of Prometheus. */
export function metricsView(parts: Parts): object {
  const { pool, settings, orchestra, clock } = parts;
  const names = settings()
    .catalogue.list()
    .map(({ name }) => name);
  const { requests, success, errors } = orchestra.workers.total;
  const uptimeSeconds = (clock.monotonic() - orchestra.startedAt) / 1000;
  const perWorker = workerRows(pool, orchestra.workers).map(
    ({ row: { worker_id: id, is_busy: _busy, queue_length: _queue, ...row }, model }) => [id, { model, ...row }],
  );
  return {
    uptime_seconds: Math.round(uptimeSeconds * 10) / 10,
    total_requests: requests,
    success,
    errors,
    rps: uptimeSeconds > 0 ? Math.round((success / uptimeSeconds) * 100) / 100 : 0,
    per_model: Object.fromEntries(names.map((name) => [name, orchestra.workers.model(name)])) as object,
    per_worker: Object.fromEntries(perWorker) as object,
    timestamp: clock.now() / 1000,
  };
}

interface WorkerRow {
  url: string;
  model: string | null;
  row: ReturnType<typeof rowOf>;
}

function workerRows(pool: Pool, book: WorkerBook): WorkerRow[] {
  const states = pool.states();
  book.keep(new Set(states.map(({ url }) => url)), new Set(states.flatMap(({ models }) => models)));
  return states.map((state, id) => ({ url: state.url, model: state.models[0] ?? null, row: rowOf(state, id, book) }));
}

function rowOf({ url, inFlight, waiting }: ServerState, id: number, book: WorkerBook) {
  const { port, protocol } = new URL(url);
  const overcharged = waiting >= OVERCHARGED_FROM;
  return {
    worker_id: id,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    is_busy: inFlight > 0,
    queue_length: waiting,
    ...book.worker(url),
    overcharged,
    state: overcharged ? 'OVERCHARGED' : waiting > 0 || inFlight > 0 ? 'BUSY' : 'IDLE',
  };
}
