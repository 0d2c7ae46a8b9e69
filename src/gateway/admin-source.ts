import { unixSeconds, type Clock } from '../core/clock.js';
import type { Identity } from '../identity/identify.js';
import type { Roster } from '../identity/providers/roster.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import type { OrchestraParts } from '../pipeline/parts.js';
import type { AdminSource } from './admin-ports.js';
import type { Configuration } from './configuration.js';
import { createExplain } from './explain.js';
import type { Limits } from './limits.js';
import { explainedMatch, type OpenListener } from './listeners.js';
import { createReplicasPort } from './replicas-port.js';
import type { Shutdown } from './shutdown.js';
import type { Stores } from './stores.js';
import type { Ui } from './ui.js';
import { VERSION } from './version.js';
import type { World } from './world.js';

export interface SourceParts {
  stores: Stores;
  world: World;
  configuration: Configuration;
  shutdown: Shutdown;
  inFlight: InFlightRegistry;
  limits: Limits;
  roster: Roster;
  identity: Identity;
  orchestra: OrchestraParts;
  ui: Ui;
  open: readonly OpenListener[];
  clock: Clock;
}

/** What the admin plane can ask of a running gateway. */
export function adminSource(parts: SourceParts): AdminSource {
  const { stores, world, configuration, shutdown, inFlight, limits, roster, identity, orchestra, ui, open, clock } =
    parts;
  const { models, probe, supervised } = world;
  const startedAt = unixSeconds(clock);
  return {
    stores,
    clock,
    probe,
    loaded: configuration.current,
    explain: createExplain({
      identity,
      match: explainedMatch(configuration.current().config.listeners),
      catalogue: models.catalogue,
      routeRules: () => configuration.current().config.auth.route_policy,
      clock,
      limits,
    }),
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
    sessions: ui.sessions,
    recent: ui.recent,
    roster,
    reload: () => configuration.reload(),
    stop() {
      supervised.endWithGateway();
      void shutdown.drain();
    },
  };
}
