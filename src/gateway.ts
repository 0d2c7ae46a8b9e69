import { formatFaults, loadConfig, type LoadedConfig, type LoadOutcome } from './config/load.js';
import { systemClock, unixSeconds, type Clock } from './core/clock.js';
import { silentLog, type Log } from './core/log.js';
import type { Secret } from './core/secret.js';
import { lazyAdminApp } from './gateway/admin-app.js';
import { createAdminPorts, exposedServers, type AdminSource } from './gateway/admin-ports.js';
import { OPERATOR } from './gateway/answer-admin.js';
import { createConfiguration, type Configuration, type ReadAgain } from './gateway/configuration.js';
import { createExplain } from './gateway/explain.js';
import { followCertificates, openListeners, rulesFor, type OpenListener } from './gateway/listeners.js';
import { openOrchestra } from './gateway/orchestra.js';
import { openOperatorSocket } from './gateway/operator-socket.js';
import { createServing } from './gateway/serving.js';
import { createReplicasPort } from './gateway/replicas-port.js';
import { createShutdown, type Shutdown } from './gateway/shutdown.js';
import type { Environment } from './gateway/supervised.js';
import type { Stores } from './gateway/stores.js';
import { VERSION } from './gateway/version.js';
import { openWorld, type World } from './gateway/world.js';
import type { Identity } from './identity/identify.js';
import { createRoster, type Roster } from './identity/providers/roster.js';
import { createInFlightRegistry, type InFlightRegistry } from './inflight/registry.js';
import type { KeyRecord } from './keys/key.js';
import { createFrontDoor, type FrontDoor } from './pipeline/front-door.js';
import type { OrchestraParts } from './pipeline/parts.js';
import type { Exposed } from './replicas/exposure.js';
import type { ReplicaState } from './replicas/model.js';
import type { ProcessState } from './supervisor/process-state.js';
import { announce, socketPath } from './storage/data-directory.js';

export interface GatewayOptions {
  loaded: LoadedConfig;
  dataDir: string;
  log: Log;
  clock?: Clock;
  /** Where sockets may lie whose path would be too long in the data directory (`XDG_RUNTIME_DIR`). */
  runtimeDir?: string | undefined;
  /** Variables of which a few (`PATH`, `LANG` and the like) go on to model servers that are started here. */
  environment?: Environment;
  /** Reads the configuration again, for reloads; without it there are none. */
  readAgain?: ReadAgain;
  flags: {
    /** Already part of `loaded`. */
    listen?: string;
    upstreams?: string[];
    /** Serve the demo model while no engine is found. */
    demo?: boolean;
    /** Started by a person at a terminal, who gets the demo too. */
    interactive?: boolean;
    /** The first key may be shown. */
    firstKey?: boolean;
  };
}

export interface RunningGateway {
  url: string;
  listeners: { url: string; serve: string[]; profile: string }[];
  /** Made at the first start that may show it, never again. */
  firstKey: { record: KeyRecord; secret: Secret } | null;
  /** Every model server was asked once. */
  settled: Promise<void>;
  engines(): ReplicaState[];
  /** The model servers that were started here. */
  processes(): ProcessState[];
  /** Names of the models on offer. */
  modelNames(): string[];
  whenEnginesChange(changed: () => void): () => void;
  /** Model servers of this machine that others can use past Keyporter. */
  exposed(): Promise<Exposed[]>;
  warnings: string[];
  handle: OpenListener['listener']['handle'];
  reload(): Promise<{ ok: boolean; faults: string[] }>;
  /** Lets running requests end, then closes. Called again: closes now. */
  drain(): Promise<void>;
  /** Ends running requests and closes. */
  close(): Promise<void>;
  stopped: Promise<void>;
}

/** The composition root: makes every part, gives each what it needs, and knows the order of start and end. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { log, flags, clock = systemClock, loaded } = options;
  const configuration = await createConfiguration({ loaded, readAgain: options.readAgain, clock, log });
  const config = () => configuration.current().config;
  const inFlight = createInFlightRegistry();
  const roster = createRoster(clock);
  const open: OpenListener[] = [];
  const shutdown = createShutdown({
    inFlight,
    clock,
    times: () => ({ preStopMs: config().server.pre_stop_seconds * 1000, drainMs: config().server.drain_seconds * 1000 }),
    stopAccepting: () => open.forEach(({ listener }) => listener.stopAccepting()),
  });
  try {
    const orchestra = await openOrchestra({ configuration, clock, log });
    shutdown.onClose(() => orchestra.keys.close());
    const world = await openWorld({
      ...options,
      configuration,
      shutdown,
      clock,
      demo: flags.demo === true || flags.interactive === true,
      ownPorts: () => open.flatMap(({ listener }) => listener.port ?? []),
    });
    const { stores, models } = world;
    const adminApp = lazyAdminApp(() => createAdminPorts(source), { clock, log });
    const { door, identity } = createServing({ ...world, clock, log, configuration, inFlight, roster, shutdown, orchestra, adminApp });
    const source = adminSource({ world, configuration, shutdown, inFlight, roster, identity, orchestra, open, clock });
    open.push(...(await openListeners(config(), { clock, arrivalFor: (rules) => createFrontDoor(door, { ...rules, operator: false }) })));
    shutdown.onClose(() => Promise.all(open.map(({ listener }) => listener.close())));
    const url = config().public_url ?? open[0]?.url ?? '';
    await openForOperator({ door, dataDir: stores.dataDir, runtimeDir: options.runtimeDir ?? null, url, listen: config().listeners[0]?.listen ?? '', shutdown });
    configuration.onChange(() => inFlight.recheckAll(unixSeconds(clock)));
    const reload = auditedReload(configuration, stores);
    shutdown.onClose(configuration.follow((text) => void reload(text)));
    shutdown.onClose(followCertificates(open, { clock, log }));
    shutdown.onClose(clock.every(EXPIRY_CHECK_MS, () => inFlight.expire(unixSeconds(clock))));
    const firstKey = flags.firstKey === true ? await stores.keys.life.createFirstKey({ ...OPERATOR, requestId: null }) : null;
    return {
      url,
      listeners: source.status().listeners,
      firstKey,
      settled: models.settled,
      engines: models.states,
      processes: () => world.supervised.supervisor.processes(),
      modelNames: () => source.models().map(({ name }) => name),
      whenEnginesChange: models.onChange,
      exposed: () => exposedServers(source),
      warnings: [...loaded.warnings, ...source.warnings()],
      handle: (incoming, response) => open[0]?.listener.handle(incoming, response),
      reload,
      drain: shutdown.drain,
      close: shutdown.close,
      stopped: shutdown.stopped,
    };
  } catch (error) {
    await shutdown.close();
    throw error;
  }
}

/** A reload nobody asked for through the admin API, which keeps its own record: by a signal, or because the file changed. */
function auditedReload(configuration: Configuration, { keys }: Stores): (text?: string) => Promise<{ ok: boolean; faults: string[] }> {
  return async (text) => {
    const outcome = await configuration.reload(text);
    const act = { actor: OPERATOR.id, address: null, requestId: null, action: 'config.reload', target: 'config' };
    await keys.audit.record({ ...act, result: outcome.ok ? 'done' : 'refused', details: { faults: outcome.faults } });
    return outcome;
  };
}

const EXPIRY_CHECK_MS = 1000;

interface SourceParts {
  world: World;
  configuration: Configuration;
  shutdown: Shutdown;
  inFlight: InFlightRegistry;
  roster: Roster;
  identity: Identity;
  orchestra: OrchestraParts;
  open: readonly OpenListener[];
  clock: Clock;
}

/** What the admin plane can ask of a running gateway. */
function adminSource({ world, configuration, shutdown, inFlight, roster, identity, orchestra, open, clock }: SourceParts): AdminSource {
  const { stores, models, probe, supervised } = world;
  const startedAt = unixSeconds(clock);
  return {
    stores,
    clock,
    probe,
    loaded: configuration.current,
    explain: createExplain({ identity, match: rulesFor(['api', 'admin']).match, catalogue: models.catalogue, routeRules: () => configuration.current().config.auth.route_policy, clock }),
    models: () => models.catalogue().list(),
    states: models.states,
    replicas: createReplicasPort({ pool: models.pool, supervisor: supervised.supervisor }),
    processes: () => supervised.supervisor.processes(),
    warnings: () => [...orchestra.keys.warnings(), ...models.catalogue().warnings, ...stores.keys.warnings],
    status: () => ({
      version: VERSION,
      startedAt,
      listeners: open.map(({ url, serve, profile }) => ({ url, serve: [...serve], profile })),
      draining: shutdown.begun,
      lastReload: configuration.lastReload(),
    }),
    inFlight,
    roster,
    reload: () => configuration.reload(),
    stop() {
      supervised.endWithGateway();
      void shutdown.drain();
    },
  };
}

interface OperatorDoor {
  door: FrontDoor;
  dataDir: string;
  runtimeDir: string | null;
  url: string;
  listen: string;
  shutdown: Shutdown;
}

/** Opens the socket of this machine's operator and tells where it is. */
async function openForOperator({ door, dataDir, runtimeDir, url, listen, shutdown }: OperatorDoor): Promise<void> {
  const socket = socketPath(dataDir, runtimeDir);
  const listener = await openOperatorSocket(socket, { clock: door.clock, onArrival: createFrontDoor(door, { ...rulesFor(['admin']), operator: true }) });
  shutdown.onClose(() => listener.close());
  await announce(dataDir, { pid: process.pid, socket, url, listen });
}

/** A gateway inside another Node program. */
export interface Gateway {
  url: string;
  handle: RunningGateway['handle'];
  reload: RunningGateway['reload'];
  close: RunningGateway['close'];
}

/**
 * Runs Keyporter inside another Node program. `config` has the members of `keyporter.yaml`, `data_dir`
 * among them; rejects with every fault of it at once.
 */
export async function createGateway(config: Record<string, unknown> & { data_dir: string }): Promise<Gateway> {
  const read = (): Promise<LoadOutcome> => loadConfig({ text: JSON.stringify(config), env: {}, cwd: config.data_dir });
  const outcome = await read();
  if (!outcome.ok) throw new Error(formatFaults(outcome.faults));
  const { url, handle, reload, close } = await startGateway({ loaded: outcome.loaded, dataDir: config.data_dir, log: silentLog, readAgain: read, flags: {} });
  return { url, handle, reload, close };
}
