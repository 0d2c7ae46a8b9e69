import type { Certainty, Settlement } from './ledger.js';
import type { Family, FinishedRequest } from './finished-request.js';
import { Buckets, type Sample, type Spread } from './metric-cells.js';
import { COUNTED } from './metric-table.js';

const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const CERTAINTIES: readonly Certainty[] = ['reported', 'counted', 'estimated'];

interface Sums {
  requests: number;
  input: number;
  output: number;
}

/** The histograms of one operation on one kind of engine. */
class OperationCells {
  readonly input = new Buckets(COUNTED.tokenUsage.buckets);
  readonly output = new Buckets(COUNTED.tokenUsage.buckets);
  readonly clientDuration = new Buckets(COUNTED.clientDuration.buckets);
  readonly firstChunk = new Buckets(COUNTED.firstChunk.buckets);
  readonly serverDuration = new Map<string, Buckets>();
  readonly perOutputToken = new Buckets(COUNTED.perOutputToken.buckets);
  readonly firstToken = new Buckets(COUNTED.firstToken.buckets);

  count(request: FinishedRequest, settled: Settlement): void {
    const { code, sentMs, firstByteMs, durationMs } = request;
    const error = code ?? (request.status >= 400 ? String(request.status) : '');
    let duration = this.serverDuration.get(error);
    if (duration === undefined) {
      duration = new Buckets(COUNTED.serverDuration.buckets);
      this.serverDuration.set(error, duration);
    }
    duration.observe(durationMs / 1000);
    if (sentMs === null) return;
    this.input.observe(settled.inputTokens);
    this.output.observe(settled.outputTokens);
    this.clientDuration.observe((durationMs - sentMs) / 1000);
    if (!request.streamed || firstByteMs === null || request.status >= 300) return;
    this.firstToken.observe(firstByteMs / 1000);
    this.firstChunk.observe((firstByteMs - sentMs) / 1000);
    const after = settled.outputTokens - 1;
    if (after > 0) this.perOutputToken.observe((durationMs - firstByteMs) / 1000 / after);
  }
}

interface FamilyCells {
  /** By class of status, as `STATUSES`. */
  statuses: Float64Array;
  engines: Map<string, OperationCells>;
}

/** Everything that is counted about one model. */
export class ModelCells {
  readonly label: string;
  readonly #queueWait = new Buckets(COUNTED.queueWait.buckets);
  #attempts = 0;
  #retries = 0;
  readonly #families = new Map<Family, FamilyCells>();
  readonly #sums: Record<Certainty, Sums> = { reported: noSums(), counted: noSums(), estimated: noSums() };
  #cachedTokens = 0;
  #gpuReported = 0;
  #gpuEstimated = 0;

  constructor(label: string) {
    this.label = label;
  }

  count(request: FinishedRequest): void {
    const { settled } = request;
    const family = this.#family(request.family);
    const status = Math.min(5, Math.max(0, Math.floor(request.status / 100)));
    family.statuses[status] = (family.statuses[status] ?? 0) + 1;
    if (request.soughtPlace) this.#queueWait.observe(request.queuedMs / 1000);
    this.#attempts += request.attempts;
    if (request.attempts > 1) this.#retries += request.attempts - 1;
    if (settled === null) return;
    this.#settle(settled);
    let cells = family.engines.get(request.engine);
    if (cells === undefined) {
      cells = new OperationCells();
      family.engines.set(request.engine, cells);
    }
    cells.count(request, settled);
  }

  get requests(): Sample[] {
    return [...this.#families].flatMap(([family, { statuses }]) =>
      [...statuses].flatMap((value, at) =>
        value === 0 ? [] : [{ labels: [family, this.label, STATUSES[at] ?? ''], value }],
      ),
    );
  }

  get settled(): Sample[] {
    return this.#known().map(({ certainty, sums }) => ({ labels: [this.label, certainty], value: sums.requests }));
  }

  get tokens(): Sample[] {
    return this.#known().flatMap(({ certainty, sums }) => [
      { labels: [this.label, 'input', certainty], value: sums.input },
      { labels: [this.label, 'output', certainty], value: sums.output },
    ]);
  }

  get cachedTokens(): Sample[] {
    return this.#known().length === 0 ? [] : [{ labels: [this.label], value: this.#cachedTokens }];
  }

  get gpuSeconds(): Sample[] {
    if (this.#known().length === 0) return [];
    return [
      { labels: [this.label, 'reported'], value: this.#gpuReported },
      { labels: [this.label, 'estimated'], value: this.#gpuEstimated },
    ];
  }

  get waits(): Spread[] {
    return this.#queueWait.isEmpty ? [] : [{ labels: [this.label], buckets: this.#queueWait }];
  }

  /** Tries, or those after the first. Nothing while none was made. */
  sent(name: 'attempts' | 'retries'): Sample[] {
    if (this.#attempts === 0) return [];
    return [{ labels: [this.label], value: name === 'attempts' ? this.#attempts : this.#retries }];
  }

  /** One histogram of every operation. */
  operations(name: 'clientDuration' | 'firstChunk' | 'perOutputToken' | 'firstToken'): Spread[] {
    return this.#operations().flatMap(({ labels, cells }) =>
      cells[name].isEmpty ? [] : [{ labels, buckets: cells[name] }],
    );
  }

  get tokenUsage(): Spread[] {
    return this.#operations()
      .filter(({ cells }) => !cells.input.isEmpty)
      .flatMap(({ labels, cells }) => [
        { labels: [...labels, 'input'], buckets: cells.input },
        { labels: [...labels, 'output'], buckets: cells.output },
      ]);
  }

  get serverDuration(): Spread[] {
    return this.#operations().flatMap(({ labels, cells }) =>
      [...cells.serverDuration].map(([error, buckets]) => ({ labels: [...labels, error], buckets })),
    );
  }

  #settle(settled: Settlement): void {
    const sums = this.#sums[settled.certainty];
    sums.requests += 1;
    sums.input += settled.inputTokens;
    sums.output += settled.outputTokens;
    this.#cachedTokens += settled.cachedTokens ?? 0;
    if (settled.gpuCertainty === 'reported') this.#gpuReported += settled.gpuSeconds;
    else this.#gpuEstimated += settled.gpuSeconds;
  }

  #family(name: Family): FamilyCells {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const made: FamilyCells = { statuses: new Float64Array(STATUSES.length), engines: new Map() };
    this.#families.set(name, made);
    return made;
  }

  #known(): { certainty: Certainty; sums: Sums }[] {
    return CERTAINTIES.map((certainty) => ({ certainty, sums: this.#sums[certainty] })).filter(
      ({ sums }) => sums.requests > 0,
    );
  }

  #operations(): { labels: string[]; cells: OperationCells }[] {
    return [...this.#families].flatMap(([family, { engines }]) =>
      [...engines].map(([engine, cells]) => ({ labels: [family, engine, this.label], cells })),
    );
  }
}

function noSums(): Sums {
  return { requests: 0, input: 0, output: 0 };
}
