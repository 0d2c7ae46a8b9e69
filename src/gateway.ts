import { lacking } from './access/grant.js';
import { covers, isKnownScope } from './access/scope.js';
import type { AdminApp } from './admin/caller.js';
import type { AdminPorts, StatusInfo } from './admin/ports.js';
import { loadConfig, formatFaults, type LoadedConfig, type LoadOutcome } from './config/load.js';
import { watchConfig } from './config/watch.js';
import { parseRanges } from './core/address.js';
import { systemClock, unixSeconds, type Clock } from './core/clock.js';
import { createRequestIds } from './core/ids.js';
import { silentLog, type Log } from './core/log.js';
import type { Secret } from './core/secret.js';
import { createAdminPorts, exposedServers } from './gateway/admin-ports.js';
import { createAnswerAdmin, OPERATOR } from './gateway/answer-admin.js';
import { drainRequests, pause } from './gateway/drain.js';
import { createExplain } from './gateway/explain.js';
import { followCertificates, matcherFor, openListeners, type OpenListener } from './gateway/listeners.js';
import { startModels } from './gateway/models.js';
import { openOperatorSocket } from './gateway/operator-socket.js';
import { doorRules, needRestart } from './gateway/settings.js';
import { openStores } from './gateway/stores.js';
import { VERSION } from './gateway/version.js';
import { createFailureThrottle } from './identity/failure-throttle.js';
import { createIdentity } from './identity/identify.js';
import { createInFlightRegistry } from './inflight/registry.js';
import { parseKey } from './keys/format.js';
import type { KeyRecord } from './keys/key.js';
import { createAccount } from './pipeline/account.js';
import { createSteps } from './pipeline/create-steps.js';
import { createFrontDoor } from './pipeline/front-door.js';
import type { Parts } from './pipeline/parts.js';
import { createResponseOwners } from './pipeline/response-owners.js';
import type { Exposed } from './replicas/exposure.js';
import type { ReplicaState } from './replicas/model.js';
import { announce, socketPath } from './storage/data-directory.js';
import { createForwarder } from './upstream/forward.js';
import { createProbe } from './upstream/probe.js';
import { createTransport } from './upstream/transport.js';

export interface GatewayOptions {
  loaded: LoadedConfig;
  dataDir: string;
  log: Log;
  clock?: Clock;
  /** Where sockets may lie whose path would be too long in the data directory (`XDG_RUNTIME_DIR`). */
  runtimeDir?: string | undefined;
  /** Reads the configuration again, for reloads; without it there are none. */
  readAgain?: () => Promise<LoadOutcome>;
  flags: {
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
  /** Names of the models on offer. */
  modelNames(): string[];
  whenEnginesChange(changed: () => void): () => void;
  /** Model servers of this machine that others can use past Keyporter. */
  exposed(): Promise<Exposed[]>;
  warnings: string[];
  handle: OpenListener['listener']['handle'];
  reload(): Promise<{ ok: boolean; faults: string[] }>;
  /** Lets running requests end, then closes. */
  drain(): Promise<void>;
  /** Ends running requests and closes. */
  close(): Promise<void>;
  stopped: Promise<void>;
}

/** The composition root: makes every part, gives each what it needs, and knows the order of start and end. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { log, flags, clock = systemClock } = options;
  let { loaded } = options;
  let draining = false;
  let lastReload: StatusInfo['lastReload'] = null;
  let rules = await doorRules(loaded);
  const startedAt = unixSeconds(clock);
  const stores = await openStores({ dataDir: options.dataDir, create: true, config: () => loaded.config, clock, log });
  const { directory, life } = stores.keys;
  const inFlight = createInFlightRegistry();
  const forwarder = createForwarder(createTransport(), clock);
  const probe = createProbe();
  const open: OpenListener[] = [];
  const closers: (() => unknown)[] = [];
  const models = await startModels({
    config: loaded.config,
    autodetect: loaded.file === null && loaded.config.upstreams.length === 0 && Object.keys(loaded.config.models).length === 0,
    demo: flags.demo === true || flags.interactive === true,
    dataDir: stores.dataDir,
    probe,
    clock,
    log,
    ownPorts: () => open.flatMap(({ listener }) => listener.port ?? []),
  });
  const identityFor = () =>
    createIdentity({ directory, canonicalKey: (text) => parseKey(text)?.canonical ?? null, localNetworks: parseRanges(loaded.config.auth.local_networks), localScopes: loaded.config.auth.local_scopes });
  let identity = identityFor();
  const parts: Parts = {
    clock,
    identity: { identify: (request) => identity.identify(request), callerOf: (id) => identity.callerOf(id), callerWith: (secret) => identity.callerWith(secret) },
    throttle: createFailureThrottle(clock, () => loaded.config.auth.failures_per_minute),
    inFlight,
    forwarder,
    lastUse: stores.usage.lastUse,
    responseOwners: createResponseOwners(),
    settings: () => ({ catalogue: models.catalogue(), incomplete: models.incomplete(), maxBodyBytes: loaded.config.server.max_body_bytes, identityHeaders: loaded.config.identity_headers }),
    ready: () => !draining,
    answerAdmin: async (exchange) => createAnswerAdmin(await adminApp(), directory)(exchange),
  };
  const door = {
    runner: { steps: createSteps(parts), account: createAccount(stores.usage.requests, clock), log },
    clock,
    log,
    newRequestId: createRequestIds(),
    settings: () => ({ ...rules, draining }),
  };

  const reload = async (): Promise<{ ok: boolean; faults: string[] }> => {
    const outcome = await (options.readAgain?.() ?? { ok: false as const, faults: [] });
    const faults = outcome.ok ? [] : [formatFaults(outcome.faults)];
    lastReload = { at: unixSeconds(clock), ok: outcome.ok, faults };
    await stores.keys.audit.record({ actor: OPERATOR.id, address: null, requestId: null, action: 'config.reload', target: 'config', result: outcome.ok ? 'done' : 'refused', details: { faults } });
    if (!outcome.ok) {
      log.error({ faults }, 'the new configuration has faults: the running one stays');
      return { ok: false, faults };
    }
    const waiting = needRestart(loaded, outcome.loaded);
    rules = await doorRules(outcome.loaded);
    loaded = outcome.loaded;
    identity = identityFor();
    models.use(loaded.config);
    inFlight.recheckAll(unixSeconds(clock));
    log.info({ file: loaded.file, waitingForRestart: waiting }, 'the new configuration runs');
    return { ok: true, faults: [] };
  };

  let ended: Promise<void> | null = null;
  let hurryUp = (): void => {};
  const hurry = new Promise<void>((resolve) => (hurryUp = resolve));
  const close = (drainMs: number): Promise<void> => {
    if (drainMs === 0) hurryUp();
    return (ended ??= end(drainMs));
  };
  const end = async (drainMs: number): Promise<void> => {
    draining = true;
    await drainRequests(inFlight, clock, { drainMs, hurry });
    for (const closer of closers.reverse()) await closer();
    await Promise.all(open.map(({ listener }) => listener.close()));
    await models.close();
    await probe.close();
    await forwarder.close();
    await stores.close();
    stopped();
  };
  let stopped = (): void => {};
  const whenStopped = new Promise<void>((resolve) => (stopped = resolve));
  const drain = async (): Promise<void> => {
    if (draining) return close(0);
    draining = true;
    const { pre_stop_seconds: preStop, drain_seconds: drainSeconds } = loaded.config.server;
    await pause(clock, preStop * 1000);
    for (const { listener } of open) listener.stopAccepting();
    await close(drainSeconds * 1000);
  };

  let madeApp: Promise<AdminApp> | null = null;
  // The admin API is loaded when it is first asked: a gateway starts faster without it.
  const adminApp = (): Promise<AdminApp> =>
    (madeApp ??= import('./admin/app.js').then(({ createAdminApp }) =>
      createAdminApp(ports(), { clock, log, version: VERSION, covers, isKnownScope, lacking }),
    ));
  const shown = () => open.map(({ url, serve, profile }) => ({ url, serve: [...serve], profile }));
  const source = {
    stores,
    clock,
    probe,
    loaded: () => loaded,
    explain: createExplain({ identity: parts.identity, match: matcherFor(['api', 'admin']), catalogue: models.catalogue, clock }),
    models: () => models.catalogue().list(),
    states: models.states,
    warnings: () => [...models.catalogue().warnings, ...stores.keys.warnings],
    status: () => ({ version: VERSION, startedAt, listeners: shown(), draining, lastReload }),
    inFlight,
    reload,
    stop: () => void drain(),
  };
  const ports = (): AdminPorts => createAdminPorts(source);

  try {
    open.push(...(await openListeners(loaded.config, { clock, arrivalFor: (match) => createFrontDoor(door, { match, operator: false }) })));
    const socket = socketPath(stores.dataDir, options.runtimeDir ?? null);
    const operator = await openOperatorSocket(socket, { clock, onArrival: createFrontDoor(door, { match: matcherFor(['admin']), operator: true }) });
    closers.push(() => operator.close());
    const url = loaded.config.public_url ?? open[0]?.url ?? '';
    await announce(stores.dataDir, { pid: process.pid, socket, url, listen: loaded.config.listeners[0]?.listen ?? '' });
    closers.push(followCertificates(open, { clock, log }));
    closers.push(clock.every(1000, () => inFlight.expire(unixSeconds(clock))));
    if (loaded.file !== null && options.readAgain !== undefined) closers.push(watchConfig(loaded.file, clock, () => void reload()));
    const firstKey = flags.firstKey === true ? await life.createFirstKey({ ...OPERATOR, requestId: null }) : null;
    return {
      url,
      listeners: shown(),
      firstKey,
      settled: models.settled,
      engines: models.states,
      modelNames: () => models.catalogue().list().map(({ name }) => name),
      whenEnginesChange: models.onChange,
      exposed: () => exposedServers(source),
      warnings: [...loaded.warnings, ...source.warnings()],
      handle: (incoming, response) => open[0]?.listener.handle(incoming, response),
      reload,
      drain,
      close: () => close(0),
      stopped: whenStopped,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
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
