import type { LoadedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { elapsed, unixSeconds, type Clock } from '../core/clock.js';
import { watchClock } from '../core/clock-watch.js';
import { lazyAdminApp } from './admin-app.js';
import { createAdminPorts, exposedServers, type AdminSource } from './admin-ports.js';
import { adminSource } from './admin-source.js';
import { OPERATOR } from './answer-admin.js';
import { auditedReload } from './audited-reload.js';
import type { Configuration } from './configuration.js';
import { followCertificates, openListeners, type ListenerRules, type OpenListener } from './listeners.js';
import { openOrchestra } from './orchestra.js';
import { openForOperator } from './operator-socket.js';
import type { GatewayOptions, RunningGateway } from './running.js';
import { createServing } from './serving.js';
import { createShutdown, type Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';
import { createUi, operatorHolder, type Ui } from './ui.js';
import { openTracing } from './tracing.js';
import { openWorld, type World } from './world.js';
import { createRoster } from '../identity/providers/roster.js';
import { createLimits } from './limits.js';
import { createInFlightRegistry } from '../inflight/registry.js';
import { createFrontDoor, type FrontDoor } from '../pipeline/front-door.js';

/** What stands before the rest is made. */
export interface Foundation extends GatewayOptions {
  clock: Clock;
  configuration: Configuration;
  /** Open; closed with the gateway, also when it cannot be made. */
  stores: Stores;
}

/** The composition root: makes every part, gives each what it needs, and knows the order of start and end. */
export async function assemble(options: Foundation): Promise<RunningGateway> {
  const { log, flags, clock, loaded, configuration, stores } = options;
  const config = () => configuration.current().config;
  const inFlight = createInFlightRegistry();
  const roster = createRoster(clock);
  const open: OpenListener[] = [];
  const shutdown = createShutdown({
    inFlight,
    clock,
    times: () => drainTimes(config()),
    stopAccepting: () => open.forEach(({ listener }) => listener.stopAccepting()),
  });
  shutdown.onClose(() => stores.close());
  try {
    const orchestra = await openOrchestra({ configuration, clock, log });
    shutdown.onClose(() => orchestra.keys.close());
    const tracing = await openTracing({ configuration, shutdown, clock, log });
    const world = await openWorld({
      ...options,
      shutdown,
      demo: flags.demo === true || flags.interactive === true,
      ownPorts: () => open.flatMap(({ listener }) => listener.port ?? []),
    });
    const adminApp = lazyAdminApp(() => createAdminPorts(source), { clock, log });
    const limits = createLimits({ configuration, stores, clock });
    const ui = createUi({ configuration, open, clock });
    shutdown.onClose(ui.close);
    const parts = { stores, clock, configuration, inFlight, limits, roster, shutdown, orchestra, ui, tracing };
    const { door, identity } = createServing({ ...world, ...parts, log, adminApp });
    const source = adminSource({ ...parts, world, identity, open });
    const runtimeDir = options.runtimeDir ?? null;
    await firstLook(world, config(), clock);
    const url = await openDoors({ door, open, shutdown, config: config(), dataDir: stores.dataDir, runtimeDir, clock });
    configuration.onChange(() => inFlight.recheckAll(unixSeconds(clock)));
    const reload = auditedReload(configuration, stores);
    shutdown.onClose(configuration.follow((text) => void reload(text)));
    shutdown.onClose(followCertificates(open, { clock, log }));
    shutdown.onClose(watchClock(clock, log));
    shutdown.onClose(clock.every(EXPIRY_CHECK_MS, () => inFlight.expire(unixSeconds(clock))));
    const firstKey =
      flags.firstKey === true ? await stores.keys.life.createFirstKey({ ...OPERATOR, requestId: null }) : null;
    const { drain, close, stopped } = shutdown;
    return { ...views({ world, source, open, loaded, ui }), url, firstKey, reload, drain, close, stopped };
  } catch (error) {
    await shutdown.close();
    throw error;
  }
}

const EXPIRY_CHECK_MS = 1000;

function drainTimes({ server }: Config): { preStopMs: number; drainMs: number } {
  return { preStopMs: server.pre_stop_seconds * 1000, drainMs: server.drain_seconds * 1000 };
}

const FIRST_LOOK_MS = 250;

/**
 * Models that only their servers name are asked for before the doors open, so that a restart refuses nobody who
 * asks for one. Servers that are slow to tell hold nobody up.
 */
async function firstLook({ models }: World, { upstreams }: Config, clock: Clock): Promise<void> {
  if (upstreams.length > 0) await Promise.race([models.settled, elapsed(clock, FIRST_LOOK_MS)]);
}

interface Doors {
  door: FrontDoor;
  open: OpenListener[];
  shutdown: Shutdown;
  config: Config;
  dataDir: string;
  runtimeDir: string | null;
  clock: Clock;
}

/** Opens every listener and the operator's socket; answers the URL to tell people. */
async function openDoors({ door, open, shutdown, config, dataDir, runtimeDir, clock }: Doors): Promise<string> {
  const arrivalFor = (rules: ListenerRules) => createFrontDoor(door, { ...rules, operator: false });
  open.push(...(await openListeners(config, { clock, arrivalFor })));
  shutdown.onClose(() => Promise.all(open.map(({ listener }) => listener.close())));
  const url = config.public_url ?? open[0]?.url ?? '';
  await openForOperator({ door, dataDir, runtimeDir, url, listen: config.listeners[0]?.listen ?? '', shutdown });
  return url;
}

type Views = Omit<RunningGateway, 'url' | 'firstKey' | 'reload' | 'drain' | 'close' | 'stopped'>;

/** What whoever started the gateway may see of it. */
function views({
  world,
  source,
  open,
  loaded,
  ui,
}: {
  world: World;
  source: AdminSource;
  open: readonly OpenListener[];
  loaded: LoadedConfig;
  ui: Ui;
}): Views {
  const { models, supervised } = world;
  return {
    listeners: source.status().listeners,
    settled: models.settled,
    engines: models.states,
    processes: () => supervised.supervisor.processes(),
    modelNames: () => source.models().map(({ name }) => name),
    whenEnginesChange: models.onChange,
    exposed: () => exposedServers(source),
    uiAddress: ui.address,
    uiLink: () => ui.link(operatorHolder()),
    warnings: [...loaded.warnings, ...source.warnings()],
    handle: (incoming, response) => open[0]?.listener.handle(incoming, response),
  };
}
