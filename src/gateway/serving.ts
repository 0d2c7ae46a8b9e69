import { parseRanges } from '../core/address.js';
import type { Clock } from '../core/clock.js';
import { createRequestIds } from '../core/ids.js';
import type { Log } from '../core/log.js';
import { createFailureThrottle } from '../identity/failure-throttle.js';
import { createIdentity, type Identity } from '../identity/identify.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import { parseKey } from '../keys/format.js';
import { createAccount } from '../pipeline/account.js';
import { createSteps } from '../pipeline/create-steps.js';
import type { FrontDoor } from '../pipeline/front-door.js';
import type { Parts } from '../pipeline/parts.js';
import { createResponseOwners } from '../pipeline/response-owners.js';
import type { Forwarder } from '../upstream/forward.js';
import { isWithoutTokens } from './authkeys-tokens.js';
import type { Configuration } from './configuration.js';
import type { Models } from './models.js';
import type { Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';

export interface ServingParts {
  clock: Clock;
  log: Log;
  configuration: Configuration;
  stores: Stores;
  models: Models;
  inFlight: InFlightRegistry;
  forwarder: Forwarder;
  shutdown: Shutdown;
  answerAdmin: Parts['answerAdmin'];
  authkeysTokens: Parts['authkeysTokens'];
}

/** Asked once, at the start, and only where the operator brought that habit back. */
function rootOf({ configuration, stores, clock }: ServingParts): () => Promise<boolean> {
  const isOn = (): boolean => configuration.current().config.authkeys.bootstrap_root_when_empty;
  const wasEmpty = isOn() ? isWithoutTokens(stores.keys.life, clock).catch(() => false) : Promise.resolve(false);
  return async () => isOn() && (await wasEmpty);
}

/** Puts the stages of a request together over what they need. */
export function createServing(parts: ServingParts): { door: FrontDoor; identity: Identity } {
  const { clock, log, configuration, stores, models, shutdown } = parts;
  const config = () => configuration.current().config;
  const identity = currentIdentity(configuration, stores);
  const steps: Parts = {
    clock,
    identity,
    throttle: createFailureThrottle(clock, () => config().auth.failures_per_minute),
    inFlight: parts.inFlight,
    pool: models.pool,
    forwarder: parts.forwarder,
    lastUse: stores.usage.lastUse,
    responseOwners: createResponseOwners(),
    settings: () => ({
      catalogue: models.catalogue(),
      incomplete: models.incomplete(),
      maxBodyBytes: config().server.max_body_bytes,
      identityHeaders: config().identity_headers,
      authkeys: config().authkeys,
    }),
    ready: () => !shutdown.begun,
    answerAdmin: parts.answerAdmin,
    authkeysTokens: parts.authkeysTokens,
    authkeysRoot: rootOf(parts),
  };
  const runner = { steps: createSteps(steps), account: createAccount(stores.usage.requests, clock), log };
  const settings = () => configuration.door();
  return { door: { runner, clock, log, newRequestId: createRequestIds(), settings, draining: () => shutdown.begun }, identity };
}

/** Who is who by the configuration of this moment. */
function currentIdentity(configuration: Configuration, stores: Stores): Identity {
  const make = (): Identity => {
    const { auth } = configuration.current().config;
    return createIdentity({
      directory: stores.keys.directory,
      canonicalKey: (text) => parseKey(text)?.canonical ?? null,
      localNetworks: parseRanges(auth.local_networks),
      localScopes: auth.local_scopes,
    });
  };
  let identity = make();
  configuration.onChange(() => (identity = make()));
  return {
    identify: (request) => identity.identify(request),
    callerOf: (keyId) => identity.callerOf(keyId),
    callerWith: (secret) => identity.callerWith(secret),
  };
}
