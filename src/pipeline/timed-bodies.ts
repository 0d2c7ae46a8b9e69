import type { Clock } from '../core/clock.js';
import { isPromise } from '../core/maybe.js';
import type { Step, Steps } from './steps.js';

/** The stages that wait for a body. */
const READING = ['readBody', 'readParts', 'readEngineBody', 'readInfer', 'readRest'] as const;

/** The same stages, with the time that they waited for bodies noted: it is the client's and not the gateway's. */
export function withTimedBodies(steps: Steps, clock: Clock): Steps {
  const timed = (step: Step): Step => {
    return (exchange) => {
      const begun = clock.monotonic();
      const pending = step(exchange);
      if (!isPromise(pending)) return;
      return pending.then(() => {
        exchange.bodyMs += clock.monotonic() - begun;
      });
    };
  };
  return { ...steps, ...Object.fromEntries(READING.map((name) => [name, timed(steps[name])])) };
}
