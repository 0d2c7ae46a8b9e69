/** How a process stands. The words are those of other serving systems, in lower case. */
export type ProcessCondition =
  /** Waits to be started. */
  | 'pending'
  /** Runs and is not ready yet. */
  | 'starting'
  | 'ready'
  /** Was ready and does not answer as it should. */
  | 'not_ready'
  /** Is being ended, to be started again or for good. */
  | 'shutting_down'
  /** Could not be started, or ended by itself; it is tried again. */
  | 'failed'
  /** Was never ready within its grace; it is tried again. */
  | 'failed_initial_delay'
  /** Was ready, then silent for too long; it is tried again. */
  | 'failed_probing';

export interface ProcessState {
  id: string;
  model: string;
  index: number;
  condition: ProcessCondition;
  /** A sentence that says what is wrong and what to do; null while all is well. */
  detail: string | null;
  /** Null while it has no port. */
  url: string | null;
  pid: number | null;
  /** Unix seconds; null while it does not run. */
  startedAt: number | null;
  /** Starts after the first. */
  restarts: number;
  /** True when its port answers without the private key; null until that was asked. */
  answersWithoutKey: boolean | null;
  /** Addresses under which others reach its port, as URLs. */
  publicAt: readonly string[];
}
