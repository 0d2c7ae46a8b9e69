import type { Replica } from '../replicas/model.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { traceSending } from './traced.js';

const NO_HEADERS: readonly string[] = [];

/**
 * Notes that the request goes to this replica now, for the first time or again: from here on an engine may work
 * on it. Answers headers for this try, flat.
 */
export function noteSending(
  exchange: Exchange,
  replica: Replica,
  { clock, tracing }: Pick<Parts, 'clock' | 'tracing'>,
): readonly string[] {
  const now = clock.monotonic();
  exchange.attempts += 1;
  exchange.replica = replica;
  exchange.sentAt ??= now;
  need(exchange.inFlight, 'place among what runs').replica = replica.url;
  exchange.admission?.sending(now);
  if (tracing === null || !exchange.route.logged) return NO_HEADERS;
  return traceSending(exchange, { replica, now }, tracing);
}
