import type { Family, FinishedRequest } from './finished-request.js';
import { Buckets, Cells, type Cell, type Sample, type Spread } from './metric-cells.js';
import { COUNTED, type CountedName } from './metric-table.js';
import type { MetricSource } from './metrics-page.js';
import { ModelCells } from './model-cells.js';

/** Names that model servers list of themselves get a label up to here; further ones count as `other`. */
export const MOST_FOUND_MODELS = 200;
/** Keys with numbers of their own, where those are wanted; further ones count as `other`. */
const MOST_KEYS = 10_000;
const OTHER = 'other';

/** Why a credential was not accepted, by the rule that said so. */
const REFUSED_BY: Readonly<Record<string, string>> = {
  'known key': 'unknown',
  'not revoked': 'revoked',
  'not disabled': 'disabled',
  'parents alive': 'parent_ended',
  'owner enabled': 'owner_disabled',
  'not expired': 'expired',
  'address allowed': 'address',
  failures_per_minute: 'throttled',
};

/** The same where the code says it all. */
const REFUSED_FOR: Readonly<Record<string, string>> = {
  missing_api_key: 'missing',
  invalid_api_key: OTHER,
  conflicting_credentials: 'conflicting',
  credential_in_query: 'in_query',
  invalid_asker: 'asker',
};

/** Ends that somebody brought about, whenever; beyond the first byte every failure is one. */
const ABORTS: ReadonlySet<string> = new Set([
  'client_gone',
  'request_ended',
  'upstream_interrupted',
  'key_revoked',
  'key_disabled',
  'key_expired',
  'stream_ended',
  'server_shutting_down',
]);

type LabelledName = 'refusedAtDoor' | 'errors' | 'auth' | 'denials' | 'aborts' | 'keyRequests' | 'keyTokens';

/** Counts finished requests. Takes about half a microsecond for each, and a bounded number of series for all. */
export class RequestMetrics {
  /** Counts by key too. May be switched while it runs. */
  keyLabel: boolean;
  readonly #models = new Map<string, ModelCells>();
  #foundModels = 0;
  readonly #durations = new Map<Family, Buckets>();
  readonly #overhead = new Buckets(COUNTED.overhead.buckets);
  readonly #cells: Readonly<Record<LabelledName, Cells>> = {
    refusedAtDoor: new Cells(),
    errors: new Cells(),
    auth: new Cells(),
    denials: new Cells(),
    aborts: new Cells(),
    keyRequests: new Cells(),
    keyTokens: new Cells(),
  };
  readonly #accepted: Readonly<Record<'key' | 'local' | 'delegate', Cell>>;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor({ keyLabel }: { keyLabel: boolean }) {
    this.keyLabel = keyLabel;
    const accepted = (kind: string): Cell => this.#cells.auth.cell('accepted', kind);
    this.#accepted = { key: accepted('key'), local: accepted('local'), delegate: accepted('delegate') };
  }

  count(request: FinishedRequest): void {
    const model = this.#model(request);
    model.count(request);
    this.#duration(request.family).observe(request.durationMs / 1000);
    if (request.sentMs !== null) this.#overhead.observe((request.sentMs - request.bodyMs - request.queuedMs) / 1000);
    this.#bytesIn += request.bytesIn;
    this.#bytesOut += request.bytesOut;
    if (request.code !== null) this.#countFailure(request, request.code, model.label);
    else if (request.caller !== null) this.#accepted[request.caller.kind].value += 1;
    if (this.keyLabel) this.#countKey(request);
  }

  /** A request that was refused before its route was known. */
  refusedAtDoor(code: string): void {
    this.#cells.refusedAtDoor.cell(code).value += 1;
  }

  /** Where the numbers of each family are read. */
  sources(): Record<CountedName, Pick<MetricSource, 'samples' | 'spreads'>> {
    const cells = (name: LabelledName) => ({ samples: () => this.#cells[name].list() });
    const samples = (of: (model: ModelCells) => readonly Sample[]) => ({ samples: () => this.#ofModels(of) });
    const spreads = (of: (model: ModelCells) => readonly Spread[]) => ({ spreads: () => this.#ofModels(of) });
    return {
      requests: samples((model) => model.requests),
      refusedAtDoor: cells('refusedAtDoor'),
      errors: cells('errors'),
      auth: cells('auth'),
      denials: cells('denials'),
      aborts: cells('aborts'),
      settled: samples((model) => model.settled),
      tokens: samples((model) => model.tokens),
      cachedTokens: samples((model) => model.cachedTokens),
      gpuSeconds: samples((model) => model.gpuSeconds),
      attempts: samples((model) => model.sent('attempts')),
      retries: samples((model) => model.sent('retries')),
      bytesIn: { samples: () => [{ labels: [], value: this.#bytesIn }] },
      bytesOut: { samples: () => [{ labels: [], value: this.#bytesOut }] },
      queueWait: spreads((model) => model.waits),
      overhead: { spreads: () => [{ labels: [], buckets: this.#overhead }] },
      duration: { spreads: () => [...this.#durations].map(([family, buckets]) => ({ labels: [family], buckets })) },
      keyRequests: cells('keyRequests'),
      keyTokens: cells('keyTokens'),
      tokenUsage: spreads((model) => model.tokenUsage),
      clientDuration: spreads((model) => model.operations('clientDuration')),
      firstChunk: spreads((model) => model.operations('firstChunk')),
      serverDuration: spreads((model) => model.serverDuration),
      perOutputToken: spreads((model) => model.operations('perOutputToken')),
      firstToken: spreads((model) => model.operations('firstToken')),
    };
  }

  #ofModels<One>(read: (model: ModelCells) => readonly One[]): One[] {
    return [...this.#models.values()].flatMap(read);
  }

  #model({ modelFrom, model }: FinishedRequest): ModelCells {
    if (modelFrom === 'none') return this.#labelled('none');
    if (modelFrom === 'foreign') return this.#labelled(OTHER);
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (modelFrom === 'found' && this.#foundModels >= MOST_FOUND_MODELS) return this.#labelled(OTHER);
    if (modelFrom === 'found') this.#foundModels += 1;
    return this.#labelled(model);
  }

  #labelled(label: string): ModelCells {
    const known = this.#models.get(label);
    if (known !== undefined) return known;
    const made = new ModelCells(label);
    this.#models.set(label, made);
    return made;
  }

  #duration(family: Family): Buckets {
    const known = this.#durations.get(family);
    if (known !== undefined) return known;
    const made = new Buckets(COUNTED.duration.buckets);
    this.#durations.set(family, made);
    return made;
  }

  #countFailure({ rule, scope, caller, phase }: FinishedRequest, code: string, model: string): void {
    const { errors, auth, denials, aborts } = this.#cells;
    errors.cell(code).value += 1;
    if (ABORTS.has(code) || phase === 'streaming') aborts.cell(phase, code).value += 1;
    const why = (rule === null ? undefined : REFUSED_BY[rule]) ?? REFUSED_FOR[code];
    if (why !== undefined) auth.cell('refused', why).value += 1;
    else if (code === 'auth_unavailable') auth.cell('unavailable', 'provider').value += 1;
    else if (caller !== null) this.#accepted[caller.kind].value += 1;
    if (why !== undefined) return;
    if (code === 'missing_scope') denials.cell(rule === 'route permitted' ? 'route' : 'scope', scope).value += 1;
    else if (rule === 'model allowed') denials.cell('model', model).value += 1;
    else if (rule !== null) denials.cell('limit', rule).value += 1;
  }

  #countKey({ caller, settled }: FinishedRequest): void {
    if (caller === null) return;
    const { keyRequests, keyTokens } = this.#cells;
    // Callers without a key of ours are named by others: as many as those like.
    const isOwn = caller.kind === 'key' && (keyRequests.size < MOST_KEYS || keyRequests.has(caller.id));
    const id = isOwn ? caller.id : OTHER;
    keyRequests.cell(id).value += 1;
    if (settled === null) return;
    keyTokens.cell(id, 'input').value += settled.inputTokens;
    keyTokens.cell(id, 'output').value += settled.outputTokens;
  }
}
