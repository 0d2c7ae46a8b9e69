import type { Cancel, Clock } from './clock.js';
import type { Log } from './log.js';

const LOOK_EVERY_MS = 1000;
/** Less is set by time services every day. */
const WORTH_TELLING_MS = 5000;

/**
 * Tells the operator when the wall clock went another way than the time that passed: keys expire by the one,
 * streams and limits of a minute go by the other. Nothing else is done about it.
 */
export function watchClock(clock: Clock, log: Log): Cancel {
  const apart = (): number => clock.now() - clock.monotonic();
  let before = apart();
  return clock.every(LOOK_EVERY_MS, () => {
    const movedMs = Math.round(apart() - before);
    if (Math.abs(movedMs) <= WORTH_TELLING_MS) return;
    before += movedMs;
    const way = movedMs > 0 ? 'forward' : 'back';
    log.warn(
      { movedMs },
      `The clock of this machine was set ${way} by ${Math.round(Math.abs(movedMs) / 1000)} s. Keys expire and days of limits begin by it: look at its time service if nobody did that on purpose.`,
    );
  });
}
