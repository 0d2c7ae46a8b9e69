import { Refusal } from '../core/errors.js';

const RETRY_AFTER: readonly string[] = ['retry-after', '5'];

/** As many wait as may, or it waited as long as it may. */
export function queueFull(reason: string): Refusal {
  return new Refusal('queue_full', { reason, headers: RETRY_AFTER });
}

/** No replica takes requests now. */
export function noneAvailable(reason: string): Refusal {
  return new Refusal('no_available_replica', { reason, headers: RETRY_AFTER });
}
