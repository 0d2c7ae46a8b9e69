import type { LimitSettings } from '../core/limits.js';
import type { Actor, KeyLife } from '../keys/key.js';
import type { UsagePort } from '../usage/replay-port.js';
import type { RequestLog } from '../usage/request-row.js';
import type { ExplainRequest, Explanation } from './explain-port.js';
import type { RecentPort } from './recent-port.js';

export type { RecentBucket, RecentPort } from './recent-port.js';

/** What runs now, as `streams` lists it. */
export interface RunningRequest {
  /** The request id. */
  id: string;
  keyId: string;
  owner: string | null;
  model: string | null;
  replica: string | null;
  method: string;
  path: string;
  /** Socket peer of the client. */
  address: string;
  phase: 'queued' | 'connecting' | 'waiting' | 'streaming';
  /** Place among the queued requests of its model, 1 = next; null = it is not queued. */
  position: number | null;
  /** Milliseconds for which it is queued; null = it is not. */
  waitingMs: number | null;
  /** Unix seconds. */
  startedAt: number;
  bytesOut: number;
}

export interface StreamsPort {
  list(): RunningRequest[];
  /** Ends one by request id. False when it does not run. */
  end(id: string): boolean;
  /** Ends all of these keys; answers how many. */
  endKeys(keyIds: readonly string[], reason: 'key_revoked' | 'key_disabled' | 'key_expired'): number;
}

export interface AuditEntry {
  sequence: number;
  /** Unix seconds. */
  at: number;
  actor: string;
  address: string | null;
  requestId: string | null;
  /** For example `key.create`, `key.revoke`, `owner.update`, `config.reload`. */
  action: string;
  /** For example `key:abc123`. */
  target: string;
  /** `done`, or `refused` with the code. */
  result: string;
  /** Before and after without secrets, or the reason of a refusal. */
  details: unknown;
  /** Hex SHA-256 over the previous hash and this row. */
  hash: string;
}

/** The outcome of walking the whole chain. */
export interface AuditVerdict {
  intact: boolean;
  entries: number;
  /** Sequence of the first entry that does not fit, or null. */
  brokenAt: number | null;
  head: string;
  /** What this check cannot prove, in sentences. */
  notProven: string[];
}

export interface AuditPort {
  list(
    page: { limit: number; after?: string },
    filter?: { action?: string; target?: string; actor?: string },
  ): Promise<{ data: AuditEntry[]; next: string | null }>;
  /** Also compares with a head of the chain that was kept elsewhere. */
  verify(outside?: { sequence: number; hash: string }): Promise<AuditVerdict>;
  /** Records an act or a refused attempt that changed no key (config reload, denied admin call). */
  record(entry: {
    actor: string;
    address: string | null;
    requestId: string | null;
    action: string;
    target: string;
    result: string;
    details: unknown;
  }): Promise<void>;
}

export interface ModelInfo {
  id: string;
  aliases: string[];
  restricted: boolean;
  /** Configured in the file, or found on an upstream. */
  origin: 'configured' | 'found';
  replicas: { url: string; state: 'up' | 'down' | 'unknown'; detail: string | null }[];
}

export interface StatusInfo {
  version: string;
  pid: number;
  startedAt: number;
  dataDir: string;
  configFile: string | null;
  listeners: { url: string; serve: string[]; profile: string }[];
  draining: boolean;
  keys: number;
  revision: number;
  running: number;
  requestLogDropped: number;
  warnings: string[];
  upstreams: { url: string; state: 'up' | 'down' | 'unknown'; detail: string | null; models: number; engine: string }[];
  lastReload: { at: number; ok: boolean; faults: string[] } | null;
}

export interface DoctorFinding {
  /** Stable snake_case name. */
  check: string;
  severity: 'error' | 'warning' | 'note';
  /** What is wrong. */
  finding: string;
  /** What to do. */
  cure: string;
}

/** How one model server is, started by Keyporter or not. */
export interface ReplicaInfo {
  /** Stable, readable, fit for URLs. */
  id: string;
  /** Null for a process that has no port yet. */
  url: string | null;
  models: string[];
  state:
    | 'pending'
    | 'starting'
    | 'ready'
    | 'not_ready'
    | 'ejected'
    | 'draining'
    | 'shutting_down'
    | 'failed'
    | 'failed_initial_delay'
    | 'failed_probing'
    | 'unknown';
  /** What is wrong and what to do, in a sentence. */
  detail: string | null;
  inFlight: number;
  /** Most requests at one time; null while that is not known. */
  maxInFlight: number | null;
  /** Requests of its models that wait for room. */
  waiting: number;
  /** Null for a server that Keyporter did not start. */
  process: {
    pid: number | null;
    /** Unix seconds. */
    startedAt: number | null;
    restarts: number;
    /** Its port answers without its private key; null until that was asked. */
    answersWithoutKey: boolean | null;
    publicAt: readonly string[];
  } | null;
}

/** What a process wrote. */
export interface ReplicaLogs {
  lines: string[];
  /** Calls back with every line behind those; returns the way to stop. */
  follow(line: (text: string) => void): () => void;
}

export interface ReplicasPort {
  list(): ReplicaInfo[];
  /** Gives it no new requests. False when there is no such replica. */
  drain(id: string): boolean;
  resume(id: string): boolean;
  /** Begins to start a process, or those of a model one after the other, anew. False when Keyporter did not start it. */
  restart(id: string): boolean;
  /** The last lines. Null when Keyporter did not start it. */
  logs(id: string, lines: number): Promise<ReplicaLogs | null>;
}

/** A caller without a key of ours. Times are Unix seconds. */
export interface CallerInfo {
  /** `<provider>:<principal>`. */
  id: string;
  owner: string | null;
  blocked: boolean;
  blockedAt: number | null;
  blockedBy: string | null;
  /** Null = not since the gateway started. */
  lastSeenAt: number | null;
}

export interface CallersPort {
  list(): Promise<CallerInfo[]>;
  /** Resolves when the change is durable and what ran of a blocked caller was ended. */
  set(id: string, blocked: boolean, actor: Actor): Promise<CallerInfo & { streamsEnded: number }>;
}

/** Everything the admin plane may touch; made by the composition root. Members that need a running gateway are null offline. */
export interface AdminPorts {
  keys: KeyLife;
  callers: CallersPort;
  audit: AuditPort;
  requests: RequestLog;
  usage: UsagePort;
  streams: StreamsPort | null;
  replicas: ReplicasPort | null;
  recent: RecentPort | null;
  /** How many keys there are, and how many of them may be used now. `owner` null = of everybody. */
  keyCounts(owner: string | null): { active: number; total: number };
  explain(request: ExplainRequest): Promise<Explanation>;
  models(): ModelInfo[];
  status(): StatusInfo;
  doctor(): Promise<DoctorFinding[]>;
  /** The effective configuration with every secret masked. */
  maskedConfig(): unknown;
  /** Reads the file again. `faults` empty = the new one runs. */
  reload(): Promise<{ ok: boolean; faults: string[] }>;
  /** Consistent online copy of the key store to a file on this machine. */
  backup(file: string): Promise<{ file: string; bytes: number; keys: number }>;
  /** Begins the drain of the gateway. Null offline. */
  stop: (() => void) | null;
  policy: {
    defaultScopes: readonly string[];
    defaultExpirySeconds: number | null;
    maxLifetimeSeconds: number | null;
    /** Limits of keys that have none of their own. */
    usualLimits: LimitSettings;
    required: readonly string[];
    selfService: readonly string[];
  };
}
