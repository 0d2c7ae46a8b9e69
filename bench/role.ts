import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The programs of a run besides the ones that are measured; each is a process of its own. */
export type RoleName = 'backend' | 'plain' | 'streams' | 'paced' | 'large';

/** What a role says to the run; `what` tells which message it is. */
export interface RoleMessage {
  what: string;
  [name: string]: unknown;
}

export interface Role {
  child: ChildProcess;
  /** The next message of this kind. */
  hear(what: string): Promise<RoleMessage>;
  stop(): void;
}

const ENTRY = fileURLToPath(new URL('run.ts', import.meta.url));

/** Starts a role as a process of its own, on the core of the load unless another is named. */
export function startRole(name: RoleName, settings: object, core = LOAD_CORE): Role {
  const child = fork(ENTRY, ['--role', name, JSON.stringify(settings)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  pin(child.pid, core);
  return {
    child,
    hear: (what) =>
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void =>
          reject(new Error(`${name} ended with ${code} before it said "${what}"`));
        const listen = (message: unknown): void => {
          const said = message as RoleMessage;
          if (said.what !== what) return;
          child.off('message', listen);
          child.off('exit', failed);
          resolve(said);
        };
        child.on('message', listen);
        child.once('exit', failed);
      }),
    stop: () => void child.kill('SIGKILL'),
  };
}

/** What is measured runs on this core, everything else on the other, as far as the machine has two and `taskset`. */
export const MEASURED_CORE = 0;
export const LOAD_CORE = 1;

export function pin(pid: number | undefined, core: number): boolean {
  return pid !== undefined && spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]).status === 0;
}

/** Says something to the run that started this role. */
export function tell(message: RoleMessage): void {
  process.send?.(message);
}
