/** Where a trace comes from, as the header `traceparent` of the W3C says. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  /** The caller records its part of the trace. */
  sampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const LONGEST_STATE = 512;

/** Reads `traceparent`; null for whatever is not well-formed, which begins a trace of its own. */
export function readTraceParent(text: string): TraceParent | null {
  const [, version, traceId = '', spanId = '', flags = '', rest] = FORM.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceParent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** What others added to the trace, if it can travel on as it is; null when it cannot. */
export function readTraceState(text: string): string | null {
  return text.length <= LONGEST_STATE && /^[\x20-\x7e]+$/.test(text) ? text : null;
}
