import type { Clock } from '../core/clock.js';

/** A pause that can be ended early. */
export interface Pause {
  wait(durationMs: number): Promise<void>;
  /** Ends the pause that runs, if any. */
  over(): void;
}

export function createPause(clock: Clock): Pause {
  let end = (): void => {};
  return {
    wait: (durationMs) =>
      new Promise((resolve) => {
        const cancel = clock.after(durationMs, resolve);
        end = () => {
          cancel();
          resolve();
        };
      }),
    over: () => end(),
  };
}
