import type { FoundState } from './catalogue.js';
import { answersWithoutKey, identifyEngine, isKeyporter, lookAt, type Look } from './look.js';
import type { EngineName, Replica } from './model.js';
import type { ListedModel } from './model-list.js';
import type { Probe } from './probe.js';

/** How long the models of a server that went away are still offered, and refused with 503. Configured upstreams keep theirs. */
export const KEEP_OFFERED_MS = 600_000;
/** Detail of an engine that is there and not ready yet. */
export const LOADING = 'is loading its model';
/** How often a server that stays up is asked again what it is and whether it wants a key. */
const IDENTIFY_AGAIN_MS = 300_000;

/**
 * `upstream` = named with its list on offer; `static` = named under a model, watched only; `usual` =
 * nobody named it: it appears when something is found there, and is forgotten after it went away.
 */
type Origin = 'upstream' | 'static' | 'usual';

/** One place where a model server is, or may be. */
export interface Watch {
  /** Where to look: the first that answers counts. */
  readonly places: readonly Replica[];
  readonly origin: Origin;
  /** Null = nothing to show. */
  state: FoundState | null;
  /** Monotonic milliseconds when it was last up. */
  lastUpMs: number;
  identifiedMs: number;
  /** Looks in a row without an answer in time. */
  slowLooks: number;
}

export function createWatch(places: readonly Replica[], origin: Origin): Watch {
  const [first] = places;
  const state = first === undefined || origin === 'usual' ? null : unseen(first, origin);
  return {
    places,
    origin,
    state,
    lastUpMs: Number.NEGATIVE_INFINITY,
    identifiedMs: Number.NEGATIVE_INFINITY,
    slowLooks: 0,
  };
}

/** The state of a named server nobody asked yet. */
export function unseen({ url, engine }: Replica, origin: Origin): FoundState {
  return {
    url,
    state: 'unknown',
    engine,
    detail: null,
    models: [],
    answersWithoutKey: false,
    offered: origin !== 'static',
  };
}

/** Looks once and brings the state up to date. `nowMs` is monotonic. */
export async function lookAgain(watch: Watch, probe: Probe, nowMs: number): Promise<void> {
  const seen = await findAnswering(watch, probe);
  if (seen === null) return;
  const { replica, look } = seen;
  if (look.outcome === 'listed' || look.outcome === 'locked')
    watch.state = await whenUp(watch, { replica, look, probe, nowMs });
  else watch.state = whenDown(watch, { replica, look, nowMs });
}

interface Seen {
  replica: Replica;
  look: Look;
}

/** Null when one late answer says nothing yet: an engine deep in a prompt may leave a question waiting. */
async function findAnswering(watch: Watch, probe: Probe): Promise<Seen | null> {
  const seen = await firstAnswering(watch.places, probe);
  const late = seen?.look.outcome === 'gone' && seen.look.kind === 'timeout';
  watch.slowLooks = late ? watch.slowLooks + 1 : 0;
  return late && watch.slowLooks < 2 && watch.state?.state === 'up' ? null : seen;
}

/** The first place where anything happens; where nothing listens at any of them, the first. */
async function firstAnswering(places: readonly Replica[], probe: Probe): Promise<Seen | null> {
  let first: Seen | null = null;
  for (const replica of places) {
    const seen = { replica, look: await lookAt(replica, probe) };
    const empty = seen.look.outcome === 'gone' && (seen.look.kind === 'refused' || seen.look.kind === 'unreachable');
    if (!empty) return seen;
    first ??= seen;
  }
  return first;
}

interface Up {
  replica: Replica;
  look: Extract<Look, { outcome: 'listed' | 'locked' }>;
  probe: Probe;
  nowMs: number;
}

async function whenUp(watch: Watch, { replica, look, probe, nowMs }: Up): Promise<FoundState | null> {
  const before = watch.state?.url === replica.url && watch.state.state === 'up' ? watch.state : null;
  if (watch.origin === 'usual' && (isNoEngine(look) || (await isKeyporter(replica.url, probe)))) return null;
  const fresh = before !== null && nowMs - watch.identifiedMs < IDENTIFY_AGAIN_MS;
  const known = fresh ? before : await identify(replica, look, probe);
  if (!fresh) watch.identifiedMs = nowMs;
  watch.lastUpMs = nowMs;
  const { engine, answersWithoutKey: open } = known;
  const base = { ...unseen(replica, watch.origin), state: 'up', engine, answersWithoutKey: open } as const;
  if (look.outcome === 'locked')
    return {
      ...(watch.state ?? base),
      ...base,
      detail: lockedDetail(watch, replica),
      models: watch.state?.models ?? [],
    };
  const listed = new Map(look.list.models.map((model) => [model.id, firstSeen(model, watch.state)]));
  const leftOut =
    look.list.leftOut === 0
      ? null
      : `lists ${look.list.leftOut} more ${look.list.leftOut === 1 ? 'model' : 'models'} whose names cannot be used`;
  return { ...base, detail: leftOut, models: [...listed.keys()], listed };
}

/** Any web server may refuse a stranger; on a usual port only a refusal an engine would write counts. */
function isNoEngine(look: Up['look']): boolean {
  return look.outcome === 'locked' && !look.refusedLikeAnEngine;
}

async function identify(
  replica: Replica,
  look: Up['look'],
  probe: Probe,
): Promise<{ engine: EngineName; answersWithoutKey: boolean }> {
  const [engine, open] = await Promise.all([
    identifyEngine(replica, look, probe),
    answersWithoutKey(replica.url, probe, { caFile: replica.caFile }),
  ]);
  return { engine: engine === 'openai' && look.outcome === 'locked' ? 'unknown' : engine, answersWithoutKey: open };
}

function lockedDetail(watch: Watch, replica: Replica): string {
  if (replica.apiKey !== null) return 'refuses the key it was given: correct `api_key` of this upstream';
  if (watch.origin === 'usual') return 'wants a key: name it under `upstreams` in keyporter.yaml, with its `api_key`';
  return 'wants a key: set `api_key` of this upstream';
}

/** Several engines write the present time as the age of a model; the first answer stands, so that lists do not flicker. */
function firstSeen(model: ListedModel, before: FoundState | null): ListedModel {
  const known = before?.listed?.get(model.id);
  return known === undefined ? model : { ...model, created: known.created };
}

function whenDown(
  watch: Watch,
  { replica, look, nowMs }: { replica: Replica; look: Exclude<Look, Up['look']>; nowMs: number },
): FoundState | null {
  const before = watch.state;
  const loading = look.outcome === 'loading';
  if (watch.origin === 'usual' && !loading && (before === null || nowMs - watch.lastUpMs >= KEEP_OFFERED_MS))
    return null;
  const known = before ?? unseen(replica, watch.origin);
  const engine = loading ? 'llama.cpp' : known.engine;
  return { ...known, state: 'down', engine, detail: loading ? LOADING : look.detail, answersWithoutKey: false };
}
