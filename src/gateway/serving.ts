import type { AdminApp } from '../admin/caller.js';
import { parseRanges, type AddressRanges } from '../core/address.js';
import type { Clock } from '../core/clock.js';
import { createRequestIds } from '../core/ids.js';
import type { Log } from '../core/log.js';
import { createFailureThrottle } from '../identity/failure-throttle.js';
import { createRoutePolicy, type RoutePolicy } from '../access/route-policy.js';
import type { Identity } from '../identity/identify.js';
import type { Roster } from '../identity/providers/roster.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import { createAccount } from '../pipeline/account.js';
import { createHeartbeats } from '../pipeline/heartbeat.js';
import { createSteps } from '../pipeline/create-steps.js';
import type { FrontDoor } from '../pipeline/front-door.js';
import type { OrchestraParts, Parts } from '../pipeline/parts.js';
import { createResponseOwners } from '../pipeline/response-owners.js';
import { withTimedBodies } from '../pipeline/timed-bodies.js';
import type { Tracing } from '../tracing/tracing.js';
import type { Forwarder } from '../upstream/forward.js';
import { createAnswerAdmin } from './answer-admin.js';
import { createAuthkeysTokens, isWithoutTokens } from './authkeys-tokens.js';
import type { Configuration } from './configuration.js';
import { currentIdentity } from './current-identity.js';
import { createKeyNames } from './key-names.js';
import type { Limits } from './limits.js';
import { createMetrics } from './metrics.js';
import type { Models } from './models.js';
import type { Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';
import type { Ui } from './ui.js';
import { BrowserSessions } from './ui-sessions.js';
import { VERSION } from './version.js';

export interface ServingParts {
  clock: Clock;
  log: Log;
  configuration: Configuration;
  stores: Stores;
  models: Models;
  inFlight: InFlightRegistry;
  limits: Limits;
  roster: Roster;
  forwarder: Forwarder;
  shutdown: Shutdown;
  orchestra: OrchestraParts;
  tracing: Tracing | null;
  ui: Ui;
  adminApp(): Promise<AdminApp>;
}

/** Asked once, at the start, and only where the operator brought that habit back. */
function rootOf({ configuration, stores, clock }: ServingParts): () => Promise<boolean> {
  const isOn = (): boolean => configuration.current().config.authkeys.bootstrap_root_when_empty;
  const wasEmpty = isOn() ? isWithoutTokens(stores.keys.life, clock).catch(() => false) : Promise.resolve(false);
  return async () => isOn() && (await wasEmpty);
}

/** Puts the stages of a request together over what they need. */
export function createServing(parts: ServingParts): { door: FrontDoor; identity: Identity } {
  const { clock, log, configuration, stores, models, shutdown, ui, tracing } = parts;
  const identity = currentIdentity(parts);
  parts.inFlight.onEndCallers((ids) => models.pool.forgetPlaces(ids));
  const metrics = createMetrics(parts);
  const steps = createSteps(stepParts(parts, identity, metrics));
  const runner = {
    steps: metrics === null ? steps : withTimedBodies(steps, clock),
    account: createAccount({
      requests: stores.usage.requests,
      clock,
      metrics: metrics?.requests ?? null,
      tracing,
      recent: ui.recent,
    }),
    log,
  };
  return {
    door: {
      runner,
      refusedAtDoor: metrics === null ? undefined : (code: string): void => metrics.requests.refusedAtDoor(code),
      clock,
      log,
      newRequestId: createRequestIds(),
      settings: () => configuration.door(),
      draining: () => shutdown.begun,
    },
    identity,
  };
}

function stepParts(parts: ServingParts, identity: Identity, metrics: ReturnType<typeof createMetrics>): Parts {
  const { clock, configuration, stores, models, shutdown, ui } = parts;
  const { directory } = stores.keys;
  const { lastUse } = stores.usage;
  const throttle = createFailureThrottle(clock, () => configuration.current().config.auth.failures_per_minute);
  const browsers = new BrowserSessions({ ui, identity, throttle, lastUse, configuration, clock, directory });
  const heartbeats = createHeartbeats(clock);
  shutdown.onClose(() => heartbeats.close());
  return {
    clock,
    identity,
    throttle,
    inFlight: parts.inFlight,
    pool: models.pool,
    heartbeats,
    forwarder: parts.forwarder,
    lastUse,
    limits: parts.limits.store,
    accountsOf: parts.limits.accountsOf,
    journal: stores.usage.journal,
    metrics: metrics?.page ?? null,
    tracing: parts.tracing,
    responseOwners: createResponseOwners(),
    settings: createSettings(configuration, models),
    trustedProxies: createTrustedProxies(configuration),
    nameOf: createKeyNames(stores.keys),
    orchestra: parts.orchestra,
    version: VERSION,
    ready: () => !shutdown.begun,
    uiSessions: browsers,
    uiFiles: ui.files,
    answerAdmin: createAnswerAdmin(parts.adminApp, directory, browsers),
    authkeysTokens: createAuthkeysTokens(parts.adminApp, directory),
    authkeysRoot: rootOf(parts),
  };
}

function createSettings(configuration: Configuration, models: Models): Parts['settings'] {
  const routePolicy = currentRoutePolicy(configuration);
  return () => {
    const { server, identity_headers: identityHeaders, authkeys } = configuration.current().config;
    return {
      catalogue: models.catalogue(),
      incomplete: models.incomplete(),
      maxBodyBytes: server.max_body_bytes,
      identityHeaders,
      routePolicy: routePolicy(),
      authkeys,
    };
  };
}

function createTrustedProxies(configuration: Configuration): () => AddressRanges {
  const read = (): AddressRanges => parseRanges(configuration.current().config.trusted_proxies);
  let proxies = read();
  configuration.onChange(() => (proxies = read()));
  return () => proxies;
}

function currentRoutePolicy(configuration: Configuration): () => RoutePolicy {
  const read = (): RoutePolicy => createRoutePolicy(configuration.current().config.auth.route_policy);
  let policy = read();
  configuration.onChange(() => (policy = read()));
  return () => policy;
}
