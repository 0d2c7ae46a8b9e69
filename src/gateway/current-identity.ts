import { parseRanges } from '../core/address.js';
import type { Clock } from '../core/clock.js';
import { createIdentity, type Identity } from '../identity/identify.js';
import type { Roster } from '../identity/providers/roster.js';
import { createVouching } from '../identity/providers/vouching.js';
import { parseKey } from '../keys/format.js';
import type { OrchestraParts } from '../pipeline/parts.js';
import { createQuestions } from '../upstream/question.js';
import type { Configuration } from './configuration.js';
import type { Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';

export interface IdentityParts {
  configuration: Configuration;
  stores: Stores;
  shutdown: Shutdown;
  clock: Clock;
  /** Learns who is vouched for. */
  roster: Roster;
  orchestra: OrchestraParts;
}

/** Who is who by the configuration of this moment. */
export function currentIdentity({
  configuration,
  stores,
  shutdown,
  clock,
  roster,
  orchestra,
}: IdentityParts): Identity {
  const questions = createQuestions(clock);
  shutdown.onClose(() => questions.close());
  const { directory } = stores.keys;
  const standing = {
    isBlocked: (callerId: string) => directory.isCallerBlocked(callerId),
    isOwnerDisabled: (owner: string) => directory.isOwnerDisabled(owner),
  };
  const make = (): Identity => {
    const { auth, trusted_proxies: proxies } = configuration.current().config;
    const parts = {
      ask: questions.ask,
      clock,
      trusted: parseRanges(proxies),
      installationId: stores.keys.installationId,
      standing,
      roster,
    };
    return createIdentity({
      directory,
      canonicalKey: (text) => parseKey(text)?.canonical ?? null,
      localNetworks: parseRanges(auth.local_networks),
      localScopes: auth.local_scopes,
      vouching: createVouching(auth.providers, parts),
    });
  };
  let identity = make();
  configuration.onChange(() => (identity = make()));
  return {
    identify: (request) => identity.identify(request),
    present(caller) {
      if (caller.kind !== 'delegate' || !caller.id.startsWith('orchestra:')) return identity.present(caller);
      if (!orchestra.keys.letsIn(caller.id)) return null;
      roster.note(caller);
      return { ...caller, state: standing.isBlocked(caller.id) ? 'disabled' : 'active' };
    },
    get refusedWords() {
      return identity.refusedWords;
    },
    callerOf: (keyId) => identity.callerOf(keyId),
    callerWith: (secret) => identity.callerWith(secret),
  };
}
