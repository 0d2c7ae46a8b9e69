import type { AuditVerdict } from '../admin/ports.js';
import type { Config } from '../config/schema.js';
import type { ReplicaState } from '../replicas/model.js';

/** Owner and permission bits of something in the file system. */
export interface FileFacts {
  path: string;
  /** Permission bits, such as 0o600. */
  mode: number;
  ownerId: number;
}

export interface CertificateFacts {
  file: string;
  /** Unix milliseconds. Null = the file could not be read as a certificate. */
  validUntilMs: number | null;
  /** The private key beside it; null = it could not be read. */
  key: FileFacts | null;
}

/** What the machine shows. */
export interface HostFacts {
  /** Such as `20.19.4`. */
  nodeVersion: string;
  /** Null where the system has no user ids. */
  userId: number | null;
  /** Soft limit of open files; null = unknown. */
  openFiles: number | null;
  nowMs: number;
  /** Null = no file is used. */
  configFile: FileFacts | null;
  /** Null = it does not exist yet. */
  dataDirectory: (FileFacts & { freeBytes: number; files: readonly FileFacts[] }) | null;
  certificates: readonly CertificateFacts[];
}

/** What the keys show, revoked ones left out. */
export interface KeyFacts {
  active: number;
  /** Names of active keys with the scope `admin`. */
  admins: readonly string[];
  /** Names of active keys without an end. */
  endless: readonly string[];
  /** Names of active keys older than 90 days that were not used for 90 days. */
  unused: readonly string[];
  /** Names of active keys that end within 14 days and were used in the last 14. */
  expiring: readonly string[];
  /** Owners of active keys. */
  owners: readonly string[];
  /** Unix seconds of the newest change of any key; null = there is none. */
  newestChangeAt: number | null;
}

/** A model server that Keyporter started itself. */
export interface ProcessFacts {
  id: string;
  condition: string;
  /** Where it answers; null while it has no port. */
  url: string | null;
  /** What is wrong and what to do, in a sentence. */
  detail: string | null;
  /** Its port answers without its private key; null until that was asked. */
  answersWithoutKey: boolean | null;
  publicAt: readonly string[];
}

/** Everything the checks look at. Null = not known here; checks of it are left out. */
export interface DoctorFacts {
  host: HostFacts;
  config: Config;
  /** Sentences from reading the configuration and building the catalogue. */
  warnings: readonly string[];
  /** False where only the store is looked at: then nothing is known about model servers. */
  gatewayRuns: boolean;
  upstreams: readonly ReplicaState[];
  exposed: readonly { finding: string; cure: string }[];
  processes: readonly ProcessFacts[];
  keys: KeyFacts | null;
  audit: AuditVerdict | null;
  /** As read back from the open key store. */
  store: { journalMode: string; synchronous: number } | null;
  requestLogDropped: number;
  /** Rows of the usage ledger that wait for the disk, and those it never took since the start. */
  ledger: { waiting: number; dropped: number } | null;
  lastReload: { ok: boolean; faults: readonly string[] } | null;
}
