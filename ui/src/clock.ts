/** Milliseconds since 1970. The one place that reads the clock of the browser. */
export function nowMs(): number {
  return Date.now();
}

/** Seconds since 1970, the unit of every `*_at` of the API. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Runs `work` once after `delayMs`; the answer cancels it. */
export function after(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}

/** Runs `work` each `periodMs`; the answer ends it. */
export function every(periodMs: number, work: () => void): () => void {
  const timer = setInterval(work, periodMs);
  return () => clearInterval(timer);
}
