import type { Cancel, Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Maybe } from '../core/maybe.js';
import type { Arriving } from './arriving.js';
import type { Condition, DrainReason } from './health.js';
import type { Seniority } from './fair-queue.js';
import { LostPlaces } from './lost-places.js';
import { ModelPool } from './model-pool.js';
import type { OfferedModel, Replica } from './model.js';
import type { Probe } from './probe.js';
import { Server, type ServerParts } from './server.js';
import type { Turn } from './turn.js';

/** One replica as operators see it. */
export interface ServerState {
  url: string;
  /** Names of the models it serves here. */
  models: string[];
  state: Condition;
  /** The rest of a sentence that begins with the replica; null = nothing to say. */
  detail: string | null;
  inFlight: number;
  /** Requests of its models that wait for room. */
  waiting: number;
  /** Most requests at one time. */
  slots: number;
  /** Unix milliseconds until which it gets no request; null = it is not ejected. */
  ejectedUntilMs: number | null;
}

/** The replicas of all models: which take requests, and whose turn it is. */
export interface Pool {
  /** A place on a replica of the model: at once while one has room, else after waiting for it. */
  enter(model: OfferedModel, arriving: Arriving): Maybe<Turn>;
  /** Replaces the models; what is known of a server that stays is kept, by its URL. */
  use(models: readonly OfferedModel[]): void;
  states(): ServerState[];
  /**
   * Gives a replica no new requests. Resolves when none runs on it. `restart` = it comes back by itself:
   * requests that no other replica can take wait for it.
   */
  drain(url: string, reason?: DrainReason): Promise<void>;
  /** Ends a drain. */
  resume(url: string): void;
  /** What these callers and keys derived from them have waited counts no more for their next attempts. */
  forgetPlaces(callerIds: readonly string[]): void;
  /** Calls back after a replica became available or ceased to be; returns the way to stop. */
  onChange(changed: () => void): () => void;
  close(): void;
}

export interface PoolParts {
  probe: Probe;
  clock: Clock;
  log: Log;
}

/** How often it is looked whether a probe is due or somebody waited too long; one timer serves all. */
const TICK_MS = 250;

export function createPool(parts: PoolParts): Pool {
  return new Replicas(parts);
}

class Replicas implements Pool {
  readonly #clock: Clock;
  readonly #parts: ServerParts;
  readonly #servers = new Map<string, Server>();
  readonly #pools = new Map<string, ModelPool>();
  /** The models that a server serves, by its URL. */
  #served = new Map<string, ModelPool[]>();
  readonly #lost: LostPlaces<ModelPool, Seniority>;
  readonly #listeners = new Set<() => void>();
  readonly #cancel: Cancel;

  constructor({ probe, clock, log }: PoolParts) {
    this.#clock = clock;
    this.#lost = new LostPlaces(clock);
    this.#parts = {
      probe,
      clock,
      log,
      changed: (server) => {
        this.#serve(server);
        for (const listener of this.#listeners) listener();
      },
      roomier: (server) => this.#serve(server),
    };
    this.#cancel = clock.every(TICK_MS, () => this.#tick());
  }

  enter(model: OfferedModel, arriving: Arriving): Maybe<Turn> {
    const pool = this.#pools.get(poolName(model));
    if (pool === undefined) throw new Refusal('no_available_replica', { reason: 'the model is not offered any more' });
    return pool.enter(arriving);
  }

  use(models: readonly OfferedModel[]): void {
    this.#useServers(models);
    const offered = new Set(models.map(poolName));
    for (const [name, pool] of this.#pools) {
      if (offered.has(name)) continue;
      this.#pools.delete(name);
      pool.close();
    }
    this.#served = new Map();
    for (const model of models) {
      const pool = this.#pools.get(poolName(model)) ?? new ModelPool(model, this.#clock, this.#lost);
      this.#pools.set(poolName(model), pool);
      for (const { url } of model.replicas) this.#served.set(url, [...(this.#served.get(url) ?? []), pool]);
      pool.use(model, (replica) => this.#server(replica, model));
    }
    this.#tick();
  }

  states(): ServerState[] {
    return [...this.#served].flatMap(([url, pools]) => {
      const server = this.#servers.get(url);
      return server === undefined ? [] : [stateOf(server, pools, this.#clock)];
    });
  }

  async drain(url: string, reason: DrainReason = 'operator'): Promise<void> {
    const server = this.#servers.get(url);
    server?.health.drain(reason);
    server?.review();
    await server?.whenIdle();
  }

  resume(url: string): void {
    const server = this.#servers.get(url);
    server?.health.resume(this.#clock.monotonic());
    server?.review();
    server?.askSoon();
  }

  forgetPlaces(callerIds: readonly string[]): void {
    this.#lost.forget(callerIds);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#cancel();
    for (const pool of this.#pools.values()) pool.close();
  }

  /** Of several models on one server the first with a probe of its own says how the server is asked. */
  #useServers(models: readonly OfferedModel[]): void {
    const asked = new Map<string, { replica: Replica; model: OfferedModel }>();
    for (const model of models) {
      for (const replica of model.replicas) {
        const before = asked.get(replica.url);
        const isBetter = before?.model.readiness.path === null && model.readiness.path !== null;
        if (before === undefined || isBetter) asked.set(replica.url, { replica, model });
      }
    }
    for (const { replica, model } of asked.values()) this.#server(replica, model).use(replica, model.readiness);
    for (const [url, server] of this.#servers) {
      // One that still works for somebody keeps its count, in case it is named again.
      if (!asked.has(url) && server.inFlight === 0) this.#servers.delete(url);
    }
  }

  #server(replica: Replica, { readiness }: OfferedModel): Server {
    const known = this.#servers.get(replica.url);
    if (known !== undefined) return known;
    const server = new Server(replica, readiness, this.#parts);
    this.#servers.set(replica.url, server);
    return server;
  }

  /** Models that share a server take turns: the one whose requests had no turn for longest goes first. */
  #serve({ url }: Server): void {
    const waiting = (this.#served.get(url) ?? []).filter((pool) => pool.waiting > 0);
    const [only] = waiting;
    if (waiting.length <= 1) return only?.serve();
    do waiting.sort((a, b) => a.withoutTurnSince - b.withoutTurnSince);
    while (waiting.some((pool) => pool.serveOne()));
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    for (const server of this.#servers.values()) if (this.#served.has(server.url)) server.tick(now);
    for (const pool of this.#pools.values()) pool.tick(now);
  }
}

/** Every name that `"*"` passes on shares its replicas, and its waiting. */
function poolName({ origin, name }: OfferedModel): string {
  return origin === 'wildcard' ? '*' : name;
}

function stateOf(server: Server, pools: readonly ModelPool[], clock: Clock): ServerState {
  const now = clock.monotonic();
  const { ejectedUntil } = server.health;
  return {
    url: server.url,
    models: pools.map(({ name }) => name),
    state: server.health.condition(now),
    detail: server.health.detail,
    inFlight: server.inFlight,
    waiting: pools.reduce((sum, pool) => sum + pool.waiting, 0),
    slots: server.slots(pools[0]?.maxInFlight ?? null),
    ejectedUntilMs: ejectedUntil === null ? null : Math.round(clock.now() + ejectedUntil - now),
  };
}
