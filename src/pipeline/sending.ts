import type { Clock } from '../core/clock.js';
import type { Replica } from '../replicas/model.js';
import { need, type Exchange } from './exchange.js';

/** Notes that the request goes to this replica now, for the first time or again: from here on an engine may work on it. */
export function noteSending(exchange: Exchange, replica: Replica, clock: Clock): void {
  const now = clock.monotonic();
  exchange.attempts += 1;
  exchange.replica = replica;
  exchange.sentAt ??= now;
  need(exchange.inFlight, 'place among what runs').replica = replica.url;
  exchange.admission?.sending(now);
}
