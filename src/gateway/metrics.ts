import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock } from '../core/clock.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import type { Tracing } from '../tracing/tracing.js';
import type { Sample } from '../usage/metric-cells.js';
import { COUNTED, OBSERVED, type CountedName, type ObservedName } from '../usage/metric-table.js';
import type { MetricsPage, MetricSource } from '../usage/metrics-page.js';
import { MOST_FOUND_MODELS, RequestMetrics } from '../usage/request-metrics.js';
import type { Configuration } from './configuration.js';
import type { Limits } from './limits.js';
import type { Models } from './models.js';
import type { Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';
import { VERSION } from './version.js';

export interface Metrics {
  requests: RequestMetrics;
  page: MetricsPage;
}

export interface MetricsParts {
  configuration: Configuration;
  stores: Stores;
  models: Models;
  inFlight: InFlightRegistry;
  limits: Limits;
  shutdown: Shutdown;
  tracing: Tracing | null;
  clock: Clock;
}

const PHASES = ['queued', 'connecting', 'waiting', 'streaming'] as const;
const STATES = ['up', 'down', 'ejected', 'draining', 'starting', 'unknown'] as const;
const NANOSECONDS = 1e9;

/** What is counted and shown. Null when no listener shows it: then nothing is counted either. */
export function createMetrics(parts: MetricsParts): Metrics | null {
  const { configuration } = parts;
  const config = () => configuration.current().config;
  if (!config().listeners.some(({ serve }) => serve.includes('metrics'))) return null;
  const requests = new RequestMetrics({ keyLabel: config().metrics.key_label });
  configuration.onChange(() => (requests.keyLabel = config().metrics.key_label));
  const counted = requests.sources();
  const observed = { ...observedGateway(parts), ...observedProcess(parts) };
  const sources: MetricSource[] = [
    ...(Object.keys(COUNTED) as CountedName[]).map((name) => ({ declared: COUNTED[name], ...counted[name] })),
    ...(Object.keys(OBSERVED) as ObservedName[]).map((name) => ({
      declared: OBSERVED[name],
      samples: observed[name],
    })),
  ];
  return { requests, page: lazyPage(sources) };
}

/** The library that writes the page is loaded when the first page is asked for: it would delay the start. */
function lazyPage(sources: readonly MetricSource[]): MetricsPage {
  let page: Promise<MetricsPage> | null = null;
  return {
    async text() {
      page ??= import('../usage/metrics-page.js').then(({ createMetricsPage }) => createMetricsPage(sources));
      return await (await page).text();
    },
  };
}

type Observed<Name extends ObservedName> = Record<Name, () => readonly Sample[]>;

type ProcessName = Extract<
  ObservedName,
  'cpu' | 'resident' | 'started' | 'heapUsed' | 'heapTotal' | 'external' | 'eventLoop' | 'eventLoopLag'
>;

function observedGateway(parts: MetricsParts): Observed<Exclude<ObservedName, ProcessName>> {
  const { stores, models, inFlight, limits, shutdown, configuration, tracing } = parts;
  const { usage, keys } = stores;
  const ofReplicas = (sample: (state: ReturnType<typeof models.pool.states>[number]) => Sample[]) => () =>
    models.pool.states().flatMap(sample);
  return {
    build: () => [{ labels: [VERSION], value: 1 }],
    inFlight: () => byPhase(inFlight),
    queueDepth: () => byModel(inFlight, models),
    replicaState: ofReplicas(({ url, state }) =>
      STATES.map((one) => ({ labels: [url, one], value: one === state ? 1 : 0 })),
    ),
    replicaInFlight: ofReplicas(({ url, inFlight: value }) => [{ labels: [url], value }]),
    replicaSlots: ofReplicas(({ url, slots: value }) => [{ labels: [url], value }]),
    journalWaiting: () => single(usage.journal.lag.waiting),
    journalDropped: () => single(usage.journal.lag.dropped),
    auditWaiting: () => single(keys.waiting),
    requestLogDropped: () => single(usage.requests.dropped),
    limitAccounts: () => single(limits.store.size),
    keys: () => single(keys.directory.size),
    draining: () => single(shutdown.begun ? 1 : 0),
    reloadOk: () => single(configuration.lastReload()?.ok === false ? 0 : 1),
    spansDropped: () => (tracing === null ? [] : single(tracing.dropped)),
  };
}

function observedProcess({ clock, shutdown }: MetricsParts): Observed<ProcessName> {
  const startedAt = clock.now() / 1000 - process.uptime();
  const lag = monitorEventLoopDelay({ resolution: 20 });
  lag.enable();
  shutdown.onClose(() => lag.disable());
  let before = performance.eventLoopUtilization();
  return {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return single((user + system) / 1e6);
    },
    resident: () => single(process.memoryUsage.rss()),
    started: () => single(startedAt),
    heapUsed: () => single(process.memoryUsage().heapUsed),
    heapTotal: () => single(process.memoryUsage().heapTotal),
    external: () => single(process.memoryUsage().external),
    eventLoop() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return single(utilization);
    },
    eventLoopLag() {
      const value = lag.percentile(99) / NANOSECONDS;
      lag.reset();
      return single(value);
    },
  };
}

function single(value: number): Sample[] {
  return [{ labels: [], value }];
}

function byPhase(inFlight: InFlightRegistry): Sample[] {
  const counts = new Map<string, number>(PHASES.map((phase) => [phase, 0]));
  for (const { phase } of inFlight.list()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return [...counts].map(([phase, value]) => ({ labels: [phase], value }));
}

/** Models of the configuration and some of those that servers list, by their names; all others as one. */
function byModel(inFlight: InFlightRegistry, { catalogue }: Models): Sample[] {
  const models = catalogue().list();
  const named = models.filter(({ origin }) => origin === 'configured');
  const found = models.filter(({ origin }) => origin === 'found').slice(0, MOST_FOUND_MODELS);
  const counts = new Map<string, number>([...named, ...found].map(({ name }) => [name, 0]));
  for (const { phase, model } of inFlight.list()) {
    if (phase !== 'queued' || model === null) continue;
    const label = counts.has(model) ? model : 'other';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([model, value]) => ({ labels: [model], value }));
}
