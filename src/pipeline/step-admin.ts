import { inFlightEntry } from './in-flight-entry.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

/**
 * Lets the admin API answer. What it streams to a key (`requests -f`) is among what runs, so that it
 * ends when the key does; and with the session of a browser in any case.
 */
export function createAnswerAdminStep(parts: Parts): Step {
  return (exchange) =>
    parts.answerAdmin(exchange, (end) => {
      const { caller, session } = exchange;
      if (session !== undefined) exchange.holds.push(session.onEnd(end));
      if (caller === null) return;
      const entry = inFlightEntry(exchange, caller, parts);
      entry.phase = 'streaming';
      entry.end = end;
      exchange.holds.push(parts.inFlight.add(entry));
    });
}
