import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Sample, Spread } from './metric-cells.js';
import type { MetricDeclared } from './metric-table.js';

/** Where the numbers of a family come from when somebody asks. */
export interface MetricSource {
  declared: MetricDeclared;
  samples?(): readonly Sample[];
  spreads?(): readonly Spread[];
}

/** A page and its content type. */
export interface MetricsText {
  contentType: string;
  text: string;
}

export interface MetricsPage {
  /** The text form of Prometheus. Long pages are made in turns, so that nothing else waits for them. */
  text(): Promise<MetricsText>;
}

/**
 * The page of all families. The library writes the text and knows its rules; the numbers are kept where
 * they are counted, because its own cells cost some microseconds for every request.
 */
export function createMetricsPage(sources: readonly MetricSource[]): MetricsPage {
  const registry = new Registry();
  for (const source of sources) register(source, registry);
  return {
    async text() {
      const families: string[] = [];
      for (const { declared } of sources) {
        families.push(await registry.getSingleMetricAsString(declared.name));
        await new Promise((resume) => setImmediate(resume));
      }
      return { contentType: registry.contentType, text: `${families.join('\n')}\n` };
    },
  };
}

function register(source: MetricSource, registry: Registry): void {
  const { name, help, labels, type } = source.declared;
  const given = { name, help, labelNames: labels, registers: [registry] };
  if (type === 'histogram') {
    registry.registerMetric(new CountedElsewhere(source));
    return;
  }
  const samples = source.samples ?? (() => []);
  if (type === 'counter') {
    const counter: Counter = new Counter({
      ...given,
      collect() {
        clear(counter);
        for (const sample of samples()) counter.inc(named(labels, sample), sample.value);
      },
    });
    return;
  }
  const gauge: Gauge = new Gauge({
    ...given,
    collect() {
      clear(gauge);
      for (const sample of samples()) gauge.set(named(labels, sample), sample.value);
    },
  });
}

/** Begins anew; one without a number is then left out, and not shown as 0. */
function clear(metric: Counter | Gauge): void {
  metric.reset();
  metric.remove({});
}

function named(names: readonly string[], { labels }: Sample | Spread): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, labels[at] ?? '']));
}

interface Line {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** A histogram of the library whose buckets are filled by somebody else. */
class CountedElsewhere extends Histogram {
  readonly #source: MetricSource;

  constructor(source: MetricSource) {
    const { name, help, labels, buckets = [] } = source.declared;
    super({ name, help, labelNames: labels, buckets: [...buckets], registers: [] });
    this.#source = source;
  }

  /** The library asks in this way for what it writes. */
  getForPromString(): Promise<{ name: string; help: string; type: string; values: Line[] }> {
    const { name, help, type } = this.#source.declared;
    const values = (this.#source.spreads?.() ?? []).flatMap((spread) => this.#lines(spread));
    return Promise.resolve({ name, help, type, values });
  }

  #lines(spread: Spread): Line[] {
    const { name, labels: names, buckets: bounds = [] } = this.#source.declared;
    const labels = named(names, spread);
    let count = 0;
    const lines = [...spread.buckets.counts].map((value, at) => {
      count += value;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: count };
    });
    return [
      ...lines,
      { metricName: `${name}_sum`, labels, value: spread.buckets.sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
