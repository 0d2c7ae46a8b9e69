import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';

/** How long a process may take to end by itself before it is killed. */
export const END_GRACE_MS = 3000;
/** What was killed is gone at once; one that hangs in the kernel is not waited for. */
const KILLED_MS = 1000;
const LOOK_AGAIN_MS = 20;

/** Ends every process of a group: asks, waits for the grace, kills. Resolves when none is left. */
export async function endGroup(leaderPid: number, clock: Clock): Promise<void> {
  if (!signalGroup(leaderPid, 'SIGTERM')) return;
  if (await isGone(leaderPid, clock, END_GRACE_MS)) return;
  signalGroup(leaderPid, 'SIGKILL');
  await isGone(leaderPid, clock, KILLED_MS);
}

async function isGone(leaderPid: number, clock: Clock, waitMs: number): Promise<boolean> {
  const deadlineMs = clock.monotonic() + waitMs;
  while (signalGroup(leaderPid, 0)) {
    if (clock.monotonic() >= deadlineMs) return false;
    await new Promise<void>((resolve) => void clock.after(LOOK_AGAIN_MS, resolve));
  }
  return true;
}

/** False when the group has no process any more. */
function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leaderPid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * What tells a process from a later one with the same number: when it started, in ticks since the
 * machine did. Null when there is no such process, or the system does not tell.
 */
export async function startMark(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may itself hold blanks and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
