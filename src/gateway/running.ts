import type { LoadedConfig } from '../config/load.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Secret } from '../core/secret.js';
import type { KeyRecord } from '../keys/key.js';
import type { Exposed } from '../replicas/exposure.js';
import type { ReplicaState } from '../replicas/model.js';
import type { ProcessState } from '../supervisor/process-state.js';
import type { ReadAgain } from './configuration.js';
import type { OpenListener } from './listeners.js';
import type { Environment } from './supervised.js';

export interface GatewayOptions {
  loaded: LoadedConfig;
  dataDir: string;
  log: Log;
  clock?: Clock;
  /** Where sockets may lie whose path would be too long in the data directory (`XDG_RUNTIME_DIR`). */
  runtimeDir?: string | undefined;
  /** Variables of which a few (`PATH`, `LANG` and the like) go on to model servers that are started here. */
  environment?: Environment;
  /** Reads the configuration again, for reloads; without it there are none. */
  readAgain?: ReadAgain;
  flags: {
    /** Already part of `loaded`. */
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
  /** The model servers that were started here. */
  processes(): ProcessState[];
  /** Names of the models on offer. */
  modelNames(): string[];
  whenEnginesChange(changed: () => void): () => void;
  /** Model servers of this machine that others can use past Keyporter. */
  exposed(): Promise<Exposed[]>;
  /** Where the web UI is; null when no listener serves it. */
  uiAddress(): string | null;
  /** A link that signs the operator of this machine in, once, within a minute. Unix seconds. Throws when no listener serves the UI. */
  uiLink(): { url: string; expiresAt: number };
  warnings: string[];
  handle: OpenListener['listener']['handle'];
  reload(): Promise<{ ok: boolean; faults: string[] }>;
  /** Lets running requests end, then closes. Called again: closes now. */
  drain(): Promise<void>;
  /** Ends running requests and closes. */
  close(): Promise<void>;
  stopped: Promise<void>;
}
