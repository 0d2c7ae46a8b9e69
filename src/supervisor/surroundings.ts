import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Asking } from './readiness.js';

/** What the supervisor needs of the gateway. */
export interface Surroundings {
  dataDir: string;
  /** Where commands are run: paths in them are relative to it. */
  cwd: string;
  /** Variables every process gets. */
  environment: Readonly<Record<string, string>>;
  clock: Clock;
  log: Log;
  ask: Asking;
  /** Whether a server does anything for someone without a key. */
  answersWithoutKey(url: string): Promise<boolean>;
  /** Addresses of this machine that others can reach, for URLs. */
  publicHosts(): readonly string[];
  traffic: Traffic;
  /** The gateway is about to end: what is lost now is not started anew. */
  ending(): boolean;
}

/** The requests on their way to the processes. */
export interface Traffic {
  /**
   * Sends nothing more to this server and resolves when nothing runs there. `restart` = it comes back, so
   * requests that no other server can take wait for it.
   */
  drain(url: string, reason: 'restart' | 'operator'): Promise<void>;
  /** It takes requests again. */
  resume(url: string): void;
}

/** Lets the requests of a process finish, for at most `atMostMs` and not longer than the process itself runs. */
export async function emptied(
  { traffic, clock }: Pick<Surroundings, 'traffic' | 'clock'>,
  { url, ended }: { url: string; ended: Promise<unknown> },
  { reason, atMostMs }: { reason: 'restart' | 'operator'; atMostMs: number },
): Promise<void> {
  const late = new Promise<void>((resolve) => void clock.after(atMostMs, resolve));
  await Promise.race([traffic.drain(url, reason), late, ended]);
}
