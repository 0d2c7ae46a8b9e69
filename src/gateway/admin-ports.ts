import { networkInterfaces } from 'node:os';
import { EVENTS_PATH } from '../admin/events-path.js';
import type { Sessions } from '../admin/sessions.js';
import type { AdminPorts, ModelInfo, StatusInfo, StreamsPort } from '../admin/ports.js';
import type { LoadedConfig } from '../config/load.js';
import { maskConfig } from '../config/mask.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import { runChecks } from '../doctor/checks.js';
import { gatherHost, gatherKeys } from '../doctor/gather.js';
import type { Roster } from '../identity/providers/roster.js';
import type { InFlight, InFlightRegistry } from '../inflight/registry.js';
import type { KeyLife } from '../keys/key.js';
import { findExposed, type Exposed } from '../replicas/exposure.js';
import type { FoundState } from '../replicas/catalogue.js';
import type { OfferedModel } from '../replicas/model.js';
import type { Probe } from '../replicas/probe.js';
import type { ProcessState } from '../supervisor/process-state.js';
import { createCallersPort } from './callers-port.js';
import { createKeyCounts } from './key-counts.js';
import { keyDefaults, type Stores } from './stores.js';
import { createUsagePort } from './usage-port.js';

/** What the admin plane can ask of a gateway, running or not. */
export interface AdminSource {
  stores: Stores;
  clock: Clock;
  probe: Probe;
  loaded(): LoadedConfig;
  explain: AdminPorts['explain'];
  models(): readonly OfferedModel[];
  states(): readonly FoundState[];
  /** Null offline. */
  replicas: AdminPorts['replicas'];
  /** The model servers that Keyporter started itself. */
  processes(): readonly ProcessState[];
  /** Warnings that are not in the configuration: of the catalogue, of the store. */
  warnings(): readonly string[];
  status(): Pick<StatusInfo, 'version' | 'startedAt' | 'listeners' | 'draining' | 'lastReload'>;
  /** Null offline. */
  inFlight: InFlightRegistry | null;
  /** Null offline. */
  sessions: Sessions | null;
  /** Null offline. */
  recent: AdminPorts['recent'];
  /** Null offline. */
  roster: Roster | null;
  reload: AdminPorts['reload'];
  stop: (() => void) | null;
}

export function createAdminPorts(source: AdminSource): AdminPorts {
  const { stores, clock, inFlight } = source;
  const { keys, usage } = stores;
  return {
    keys: inFlight === null ? keys.life : endingWhatIsNotAllowed(source, inFlight),
    callers: createCallersPort({ blocks: keys.callers, roster: source.roster, inFlight }),
    audit: keys.audit,
    requests: usage.requests,
    usage: createUsagePort({ ledger: usage.ledger, directory: keys.directory, clock }),
    streams: inFlight === null ? null : streamsPort(inFlight, clock),
    replicas: source.replicas,
    recent: source.recent,
    keyCounts: createKeyCounts(keys.directory, clock),
    explain: source.explain,
    models: () => source.models().map((model) => modelInfo(model, source.states())),
    status: () => statusInfo(source),
    doctor: () => doctor(source),
    maskedConfig: () => maskConfig(source.loaded().config),
    reload: source.reload,
    backup: (file) => keys.backup(file),
    stop: source.stop,
    get policy() {
      const { config } = source.loaded();
      const defaults = keyDefaults(config);
      return {
        defaultScopes: defaults.scopes,
        defaultExpirySeconds: defaults.expirySeconds,
        maxLifetimeSeconds: defaults.maxLifetimeSeconds,
        usualLimits: defaults.limits,
        required: config.keys.require,
        selfService: config.keys.self_service,
      };
    },
  };
}

/** After a change that takes something away, whatever runs and would not be allowed any more is ended before the answer. */
function endingWhatIsNotAllowed({ stores, sessions, clock }: AdminSource, inFlight: InFlightRegistry): KeyLife {
  const { life } = stores.keys;
  const recheck = <T>(result: T): T => {
    inFlight.recheckAll(unixSeconds(clock));
    return result;
  };
  const own: Partial<KeyLife> = {
    update: (id, change, actor) => life.update(id, change, actor).then(recheck),
    async rotate(id, overlapSeconds, actor) {
      const rotated = await life.rotate(id, overlapSeconds, actor);
      // Whoever signed in with the old secret shows the new one to come in again.
      sessions?.endHolder(id);
      // Without overlap the old secret ends now, and so does what runs under it.
      if (overlapSeconds === 0) inFlight.endCallers([id], 'key_revoked', 'the secret was rotated without overlap');
      return rotated;
    },
  };
  return new Proxy(life, {
    get: (target, name: keyof KeyLife) => own[name] ?? target[name].bind(target),
  });
}

/** What follows events is kept among what runs so that it ends with its key; it is no work of anybody's. */
function workOf(inFlight: InFlightRegistry): InFlight[] {
  return inFlight.list().filter(({ path }) => path !== EVENTS_PATH);
}

function streamsPort(inFlight: InFlightRegistry, clock: Clock): StreamsPort {
  return {
    list: () =>
      workOf(inFlight).map((entry) => ({
        id: entry.id,
        keyId: entry.callerId,
        owner: entry.owner,
        model: entry.model,
        replica: entry.replica,
        method: entry.method,
        path: entry.path,
        address: entry.address,
        phase: entry.phase,
        position: entry.queue?.place() ?? null,
        waitingMs: entry.queue === null ? null : Math.round(clock.monotonic() - entry.queue.since),
        startedAt: Math.floor(entry.startedAtMs / 1000),
        bytesOut: entry.bytesOut,
      })),
    end: (id) => inFlight.endOne(id, 'stream_ended', 'ended by the operator'),
    endKeys(ids, reason) {
      const ended = inFlight.endCallers(ids, reason, reason.replace('_', ' '));
      // Callers without a key of ours may have the owner that was switched off.
      inFlight.recheckAll(unixSeconds(clock));
      return ended;
    },
  };
}

function modelInfo(model: OfferedModel, states: readonly FoundState[]): ModelInfo {
  const stateOf = (url: string): ModelInfo['replicas'][number] => {
    const state = states.find((one) => one.url === url);
    return { url, state: state?.state ?? 'unknown', detail: state?.detail ?? null };
  };
  return {
    id: model.name,
    aliases: [...model.aliases],
    restricted: model.restricted,
    origin: model.origin === 'found' ? 'found' : 'configured',
    replicas: model.replicas.map(({ url }) => stateOf(url)),
  };
}

function statusInfo(source: AdminSource): StatusInfo {
  const { stores, inFlight } = source;
  const loaded = source.loaded();
  return {
    ...source.status(),
    pid: process.pid,
    dataDir: stores.dataDir,
    configFile: loaded.file,
    keys: stores.keys.directory.size,
    revision: stores.keys.revision,
    running: inFlight === null ? 0 : workOf(inFlight).length,
    requestLogDropped: stores.usage.requests.dropped,
    warnings: [...loaded.warnings, ...source.warnings()],
    upstreams: source
      .states()
      .map(({ url, state, detail, models, engine }) => ({ url, state, detail, models: models.length, engine })),
  };
}

/** Model servers of this machine that others can use past Keyporter; asked with no credential. */
export function exposedServers(source: Pick<AdminSource, 'models' | 'states' | 'probe'>): Promise<Exposed[]> {
  const servers = [...source.states(), ...source.models().flatMap(({ replicas }) => replicas)];
  return findExposed(servers, source.probe, networkInterfaces());
}

async function doctor(source: AdminSource): ReturnType<AdminPorts['doctor']> {
  const { stores, clock } = source;
  const { config, file, warnings } = source.loaded();
  const [host, keys, audit, exposed] = await Promise.all([
    gatherHost({ config, configFile: file, dataDir: stores.dataDir, clock }),
    gatherKeys(stores.keys.life, clock),
    stores.keys.audit.verify(),
    exposedServers(source),
  ]);
  return runChecks({
    host,
    config,
    warnings: [...warnings, ...source.warnings()],
    gatewayRuns: source.inFlight !== null,
    upstreams: source.states(),
    exposed,
    processes: source.processes(),
    keys,
    audit,
    store: null,
    requestLogDropped: stores.usage.requests.dropped,
    ledger: stores.usage.journal.lag,
    lastReload: source.status().lastReload,
  });
}
