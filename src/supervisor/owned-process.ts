import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../core/clock.js';
import { openLogFile } from './log-file.js';
import { endGroup } from './process-group.js';
import type { Exit, ProcessOrder } from './protocol.js';

/** A process of the keeper with everything it started. */
export interface OwnedProcess {
  order: ProcessOrder;
  pid: number;
  startedAtMs: number;
  /** Resolves when neither it nor anything of its group is left. Ends the rest of a group whose leader ended. */
  gone: Promise<Exit>;
  /** Ends the whole group. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a process at the head of a group of its own. Rejects with the error of the system when it cannot. */
export async function startProcess(order: ProcessOrder, clock: Clock): Promise<OwnedProcess> {
  const [program = '', ...rest] = order.argv;
  const { cwd, env, logFile: path, apiKey: secret } = order;
  const child = spawn(program, rest, { cwd, env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await started(child);
  const pid = child.pid ?? 0;
  const log = openLogFile({ path, secret });
  child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
  child.once('close', () => log.close());
  const gone = exit.then(async (how) => {
    await endGroup(pid, clock);
    return how;
  });
  return {
    order,
    pid,
    startedAtMs: clock.now(),
    gone,
    async stop() {
      await endGroup(pid, clock);
      await gone;
    },
  };
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
