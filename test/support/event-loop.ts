import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Measures how late the event loop of this process was while something ran. */
export function watchEventLoop(): { p99Ms(): number; maxMs(): number; stop(): void } {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  return {
    p99Ms: () => histogram.percentile(99) / 1e6,
    maxMs: () => histogram.max / 1e6,
    stop: () => void histogram.disable(),
  };
}
