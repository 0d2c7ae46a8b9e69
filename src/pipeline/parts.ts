import type { AddressRanges } from '../core/address.js';
import type { RoutePolicy } from '../access/route-policy.js';
import type { Clock } from '../core/clock.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import type { Identity } from '../identity/identify.js';
import type { FailureThrottle } from '../identity/failure-throttle.js';
import type { Catalogue } from '../replicas/model.js';
import type { Pool } from '../replicas/pool.js';
import type { Forwarder } from '../upstream/forward.js';
import type { Caller } from '../core/caller.js';
import type { Accounting } from '../limits/accounts-of.js';
import type { LimitStore } from '../limits/limit-store.js';
import type { Journal } from '../usage/ledger.js';
import type { MetricsPage } from '../usage/metrics-page.js';
import type { Tracing } from '../tracing/tracing.js';
import type { LastUse } from '../usage/request-row.js';
import type { WatchedKeys } from '../orchestra/watched-keys.js';
import type { WorkerBook } from '../orchestra/worker-book.js';
import type { Config } from '../config/schema.js';
import type { AuthkeysTokens } from './authkeys-tokens.js';
import type { Exchange } from './exchange.js';
import type { Heartbeats } from './heartbeat.js';
import type { ResponseOwners } from './response-owners.js';
import type { UiFiles } from './ui-files.js';
import type { UiSessions } from './ui-session.js';

/** What a reload of the configuration or a new look at the servers replaces. */
export interface Settings {
  catalogue: Catalogue;
  /** A server that has not told its models yet may have any: what is not found may still exist. */
  incomplete: boolean;
  maxBodyBytes: number;
  /** Tell model servers who calls. */
  identityHeaders: boolean;
  /** Who may use which route of models. */
  routePolicy: RoutePolicy;
  authkeys: Config['authkeys'];
}

/** What orchestra listeners need besides. */
export interface OrchestraParts {
  keys: WatchedKeys;
  workers: WorkerBook;
  /** Monotonic milliseconds. */
  startedAt: number;
  settings(): { openStatus: boolean; maskWorkerErrors: boolean };
}

/** Everything the stages need, made by the composition root. */
export interface Parts {
  clock: Clock;
  identity: Identity;
  throttle: FailureThrottle;
  inFlight: InFlightRegistry;
  pool: Pool;
  heartbeats: Heartbeats;
  forwarder: Forwarder;
  lastUse: LastUse;
  limits: LimitStore;
  /** Who is charged for a request, by the settings of this moment. */
  accountsOf(caller: Caller, model: string | null): Accounting;
  journal: Journal;
  /** Null where no listener serves them. */
  metrics: MetricsPage | null;
  /** Null where nobody wants traces. */
  tracing: Tracing | null;
  responseOwners: ResponseOwners;
  orchestra: OrchestraParts;
  /** The settings of this moment. */
  settings(): Settings;
  /** Proxies that only pass on: the caller of a request stands before them. */
  trustedProxies(): AddressRanges;
  /** What the key of this id is called. Asks the store once after each change of a key; rejects while it is away. */
  nameOf(keyId: string): Promise<string>;
  /** Of this program. */
  version: string;
  /** Keys are loaded, the store is there, and no drain goes on. */
  ready(): boolean;
  authkeysTokens: AuthkeysTokens;
  /** Whether `root` stands in for the tokens of authkeys listeners, since there was none at the start. */
  authkeysRoot(): Promise<boolean>;
  uiSessions: UiSessions;
  uiFiles: UiFiles;
  /** Lets the admin API answer. What it streams is handed to `runs` with the way to end it. */
  answerAdmin(exchange: Exchange, runs: (end: () => void) => void): Promise<void>;
}
