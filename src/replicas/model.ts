import type { Secret } from '../core/secret.js';

/** Engines whose paths and dialects Keyporter knows. `unknown` until the server told. */
export type EngineName =
  | 'llama.cpp'
  | 'vllm'
  | 'sglang'
  | 'ollama'
  | 'lmstudio'
  | 'openai'
  | 'orchestra'
  | 'llama-stack'
  | 'demo'
  | 'unknown';

/** One model server. What is configured is here; what is observed about it is kept elsewhere, under its `url`. */
export interface Replica {
  /** Scheme, host, port and base path without a trailing slash and without `/v1`: safe to show. */
  url: string;
  /** The server's own key, injected into every request to it. */
  apiKey: Secret | null;
  engine: EngineName;
  /** PEM file that vouches for its certificate, besides the system's. */
  caFile: string | null;
  /** Its share under `weighted_least_load`, at least 1. */
  weight: number;
}

/** Milliseconds. `firstByteMs` holds for streams only; `idleMs` counts from the first byte of the body. */
export interface Timeouts {
  connectMs: number;
  firstByteMs: number;
  idleMs: number;
  totalMs: number;
}

/** How a replica is chosen among those that can take a request. */
export type BalanceName = 'least_load' | 'round_robin' | 'weighted_least_load' | 'prefix_affinity';

/** How long and how many requests may wait for a replica with room. */
export interface QueueBounds {
  maxWaiting: number;
  maxWaitMs: number;
  /** Silence on a stream after which the client gets a heartbeat; null = it gets none. */
  heartbeatAfterMs: number | null;
}

/** How a replica is asked whether it is ready. */
export interface Readiness {
  /** Asked for exactly status 200. Null = the path that fits the engine, judged as that engine means it. */
  path: string | null;
  method: 'GET' | 'HEAD' | 'POST';
  headers: Readonly<Record<string, Secret>>;
  body: string | null;
  intervalMs: number;
  timeoutMs: number;
  /** So long a server that was never ready counts as starting, not as down. */
  startupGraceMs: number;
}

/** What the operator says about members of bodies, besides what the table of engines says. */
export interface FieldSettings {
  deny: readonly string[];
  /** Largest values. */
  clamp: Readonly<Record<string, number>>;
}

/** A model as it is offered: one canonical name, where it is served, and under which name there. */
export interface OfferedModel {
  /** The name decisions, limits and logs use, after aliases. */
  name: string;
  aliases: readonly string[];
  /** Only keys with a pattern that matches it may use it. */
  restricted: boolean;
  origin: 'configured' | 'found' | 'wildcard';
  /** The name sent to the replica. */
  upstreamName: string;
  replicas: readonly Replica[];
  /** Another full URL for one canonical path. */
  paths: Readonly<Record<string, string>>;
  timeouts: Timeouts;
  balance: BalanceName;
  /** Most requests on one replica at one time; null = as many as its engine says it works on. */
  maxInFlight: number | null;
  queue: QueueBounds;
  readiness: Readiness;
  fields: FieldSettings;
  /** `data_only`: its engine is never sent to fetch media from somewhere. */
  mediaUrls: 'data_only' | 'any';
  /** Unix seconds, for model lists. */
  created: number;
  /** Passed on from the server's own list. */
  ownedBy: string;
}

/** All models on offer now. Immutable from outside; a reload or a new look at the upstreams replaces it. */
export interface Catalogue {
  /**
   * The model a body means: exact name, alias, found name, the `"*"` entry, or, for `null`, the
   * default model. Null = there is none.
   */
  resolve(name: string | null): OfferedModel | null;
  /** Every model with a name, sorted; the `"*"` entry is not one. */
  list(): readonly OfferedModel[];
  /** Upstreams that never told their models: while there are any, a name that is not found may still exist. */
  readonly silent: readonly string[];
}

/** What is known about one upstream from asking it. */
export interface ReplicaState {
  url: string;
  state: 'up' | 'down' | 'unknown';
  engine: EngineName;
  /** A sentence: why it is down, or what it is. */
  detail: string | null;
  models: readonly string[];
  /** True when it answered a request that needs a key without one. */
  answersWithoutKey: boolean;
}
