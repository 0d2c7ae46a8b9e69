import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Tracing } from '../tracing/tracing.js';
import type { Configuration } from './configuration.js';
import type { Shutdown } from './shutdown.js';
import { VERSION } from './version.js';

export interface TracingParts {
  configuration: Configuration;
  shutdown: Shutdown;
  clock: Clock;
  log: Log;
}

/** Where traces go, if anywhere. What sends them is loaded here and only then. */
export async function openTracing({ configuration, shutdown, clock, log }: TracingParts): Promise<Tracing | null> {
  const { otlp_endpoint: endpoint } = configuration.current().config.tracing;
  if (endpoint === null) return null;
  const { createOtlpTracing } = await import('../tracing/otlp.js');
  const tracing = createOtlpTracing({ endpoint, version: VERSION, clock, log });
  shutdown.onClose(() => tracing.close());
  return tracing;
}
