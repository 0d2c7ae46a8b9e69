import { AdminRefusal, type Fault } from './problem.js';

/** A time in question, in Unix seconds; the end is exclusive. */
export interface Span {
  since: number;
  until: number;
}

/** The time that was asked for: what is not said ends now and is as long as usual. An empty one is refused. */
export function span(
  asked: { since?: number | undefined; until?: number | undefined },
  { nowMs, usualSeconds, place }: { nowMs: number; usualSeconds: number; place: Fault['in'] },
): Span {
  const until = asked.until ?? Math.ceil(nowMs / 1000);
  const since = asked.since ?? Math.max(0, until - usualSeconds);
  if (since < until) return { since, until };
  throw badSpan('The time in question is empty: "since" must lie before "until", and in the past.', place);
}

/** A time that cannot be asked about. */
export function badSpan(message: string, place: Fault['in']): AdminRefusal {
  return new AdminRefusal(place === 'body' ? 'invalid_value' : 'bad_request', {
    message,
    faults: [{ pointer: '/since', in: place, detail: message }],
  });
}
