import type { RequestRow } from './request-row.js';

const LONGEST_TEXT = 512;

/**
 * The row as it may be kept and shown: texts that clients choose are bounded, and whatever `mask`
 * finds secret in them is gone. Most rows come back as they are.
 */
export function presentable(row: RequestRow, mask: (text: string) => string): RequestRow {
  const shown = (text: string): string => bounded(mask(text));
  const shownOrNull = (text: string | null): string | null => (text === null ? null : shown(text));
  const path = shown(row.path);
  const reason = shownOrNull(row.reason);
  const correlationId = shownOrNull(row.correlationId);
  const userAgent = shownOrNull(row.userAgent);
  const isSame =
    path === row.path && reason === row.reason && correlationId === row.correlationId && userAgent === row.userAgent;
  return isSame ? row : { ...row, path, reason, correlationId, userAgent };
}

/** The beginning of a text that a client may have made long. */
export function bounded(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
}
