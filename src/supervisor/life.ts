import { Secret } from '../core/secret.js';
import type { ProcessState } from './process-state.js';
import type { Exit, KeptProcess } from './protocol.js';

/** One run of a process, from its start to its end. */
export interface Life {
  pid: number;
  port: number;
  url: string;
  apiKey: Secret | null;
  /** Unix milliseconds. */
  startedAtMs: number;
  /** Monotonic milliseconds; of a process that was taken over, of the takeover. */
  beganMs: number;
  /** Monotonic; null = it was never ready. */
  readyMs: number | null;
  /** Monotonic milliseconds of the first of the failures in a row; null = the last answer was good. */
  failingSinceMs: number | null;
  failures: number;
  /** Set when it ended. */
  exit: Exit | null;
  ended: Promise<Exit>;
  end(exit: Exit): void;
}

export function createLife(begun: Pick<Life, 'pid' | 'port' | 'apiKey' | 'startedAtMs' | 'beganMs'>): Life {
  let resolve = (_exit: Exit): void => {};
  const ended = new Promise<Exit>((done) => (resolve = done));
  const life: Life = {
    ...begun,
    url: `http://127.0.0.1:${begun.port}`,
    readyMs: null,
    failingSinceMs: null,
    failures: 0,
    exit: null,
    ended,
    end(exit) {
      life.exit ??= exit;
      resolve(exit);
    },
  };
  return life;
}

/** The run of a process that an earlier gateway started. */
export function continuedLife({ pid, port, apiKey, startedAtMs }: KeptProcess, beganMs: number): Life {
  return createLife({ pid, port, startedAtMs, beganMs, apiKey: apiKey === null ? null : new Secret(apiKey) });
}

/** What a state shows of a run; null = it does not run. */
export function seenOf(life: Life | null): Pick<ProcessState, 'url' | 'pid' | 'startedAt'> {
  if (life === null) return { url: null, pid: null, startedAt: null };
  return { url: life.url, pid: life.pid, startedAt: Math.floor(life.startedAtMs / 1000) };
}
