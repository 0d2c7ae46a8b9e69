import type { Timeouts } from '../replicas/model.js';

/** Where an answer stands, in monotonic milliseconds. */
export interface RelayTimes {
  startedAt: number;
  /** Null before the first byte of the body. */
  lastByteAt: number | null;
  /** Since when the client takes nothing; null while it does. */
  stalledAt: number | null;
  /** The client asked for a stream. */
  streamed: boolean;
}

/** A reader who takes nothing for this long is gone. */
const STALLED_READER_MS = 60_000;

/** Who is too late, and why; null while nobody is. */
export function overdue(
  times: RelayTimes,
  timeouts: Timeouts,
  now: number,
): { side: 'client' | 'server'; reason: string } | null {
  const { startedAt, lastByteAt, stalledAt, streamed } = times;
  if (stalledAt !== null && now - stalledAt > STALLED_READER_MS)
    return { side: 'client', reason: 'the client took nothing for a minute' };
  if (now - startedAt > timeouts.totalMs) return late('the answer took longer in all than', timeouts.totalMs);
  // A held-back server cannot send, and an answer in one piece is bounded by the total alone.
  if (!streamed || stalledAt !== null) return null;
  if (lastByteAt === null)
    return now - startedAt > timeouts.firstByteMs ? late('no first byte came within', timeouts.firstByteMs) : null;
  return now - lastByteAt > timeouts.idleMs ? late('the stream was silent for', timeouts.idleMs) : null;
}

function late(what: string, limitMs: number): { side: 'server'; reason: string } {
  return { side: 'server', reason: `${what} ${limitMs / 1000} s` };
}
