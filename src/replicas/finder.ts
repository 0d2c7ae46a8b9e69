import { networkInterfaces } from 'node:os';
import type { Cancel, Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { FoundState } from './catalogue.js';
import { changeSentence } from './change-sentence.js';
import { isThisMachine, portOf, type Interfaces } from './machine.js';
import type { Replica } from './model.js';
import type { Probe } from './probe.js';
import { createRounds, inTurns } from './rounds.js';
import { createWatch, LOADING, lookAgain, unseen, type Watch } from './watch.js';

export interface FinderOptions {
  /** Named servers whose lists are offered, in order, with their keys. */
  upstreams: readonly Replica[];
  /** Servers named under models: watched, their lists are not offered. */
  replicas?: readonly Replica[];
  /** Also look at the usual ports of this machine, without a credential. */
  autodetect: boolean;
  probe: Probe;
  clock: Clock;
  log: Log;
  /** Ports Keyporter itself listens on now: never asked. */
  ownPorts: () => readonly number[];
  /** True when a real engine was seen in this data directory before. */
  seenReal?: boolean;
  /** Where to look besides the named servers; the documented ports when absent. */
  usualPorts?: readonly number[];
  interfaces?: () => Interfaces;
}

/** Watches the model servers: which are there, what they are, what they serve. */
export interface Finder {
  /** Named servers in their order, then those only found. */
  states(): FoundState[];
  /** Resolves when every server was asked once. */
  readonly settled: Promise<void>;
  /** Calls back after every real change; returns the way to stop. */
  onChange(changed: () => void): () => void;
  /** Calls back once when the first real engine is seen, never when one was seen before. */
  onReal(seen: () => void): () => void;
  /** Asks every server now. One round runs and at most one waits, however often this is called. */
  look(): Promise<void>;
  /** Replaces the named servers; what is known about those that stay is kept. */
  setUpstreams(upstreams: readonly Replica[], replicas?: readonly Replica[]): void;
  /** Whether an engine other than the demo was ever seen. Never goes back to false. */
  readonly seenReal: boolean;
  close(): void;
}

/** llama.cpp, vLLM and SGLang, SGLang, LM Studio, Ollama. */
const USUAL_PORTS = [8080, 8000, 30000, 1234, 11434] as const;
const PERIOD_MS = 10_000;
/** Servers asked at the same time. */
const WIDTH = 32;

/** Begins to look, and looks again every 10 seconds. Failing servers are states, never errors. */
export function startFinder(options: FinderOptions): Finder {
  const { clock, log } = options;
  const changed = new Set<() => void>();
  const real = new Set<() => void>();
  let named = watchNamed(options.upstreams, options.replicas ?? [], []);
  const usual = options.autodetect ? (options.usualPorts ?? USUAL_PORTS).map(watchPort) : [];
  let seenReal = options.seenReal ?? false;
  let closed = false;

  const report = (before: FoundState | null, after: FoundState | null): void => {
    if (closed || sameState(before, after)) return;
    const data = { url: after?.url ?? before?.url };
    if (after?.state === 'up') log.info(data, changeSentence(before, after));
    else log.warn(data, changeSentence(before, after));
    if (!seenReal && isReal(after)) {
      seenReal = true;
      for (const callback of real) callback();
    }
    for (const callback of changed) callback();
  };

  const lookOne = async (watch: Watch): Promise<void> => {
    const before = watch.state;
    if (watch.origin === 'usual' && isTaken(watch, named, options)) watch.state = null;
    else if (watch.origin !== 'usual' && isOwn(watch, options)) watch.state = ownState(watch);
    else await lookAgain(watch, options.probe, clock.monotonic());
    if (watch.origin === 'usual' || named.includes(watch)) report(before, watch.state);
  };

  const rounds = createRounds(() => inTurns([...named, ...usual], WIDTH, lookOne));
  const settled = rounds.next();
  const cancel: Cancel = clock.every(PERIOD_MS, () => rounds.unlessRunning());

  return {
    states: () => [...named, ...usual].flatMap(({ state }) => (state === null ? [] : [state])),
    settled,
    onChange: (callback) => subscribe(changed, callback),
    onReal: (callback) => subscribe(real, callback),
    look: () => (closed ? Promise.resolve() : rounds.next()),
    setUpstreams(upstreams, replicas = []) {
      named = watchNamed(upstreams, replicas, named);
      for (const callback of changed) callback();
      if (!closed) void rounds.next();
    },
    get seenReal() {
      return seenReal;
    },
    close() {
      closed = true;
      cancel();
    },
  };
}

/** A server named both ways is an upstream. `before` = watches whose knowledge is kept where the server is the same. */
function watchNamed(upstreams: readonly Replica[], replicas: readonly Replica[], before: readonly Watch[]): Watch[] {
  const watch = (replica: Replica, origin: 'upstream' | 'static'): Watch =>
    before.find((known) => known.origin === origin && isSame(known.places[0], replica)) ??
    createWatch([replica], origin);
  const named = new Set(upstreams.map(({ url }) => url));
  return [
    ...upstreams.map((replica) => watch(replica, 'upstream')),
    ...replicas.filter(({ url }) => !named.has(url)).map((replica) => watch(replica, 'static')),
  ];
}

function watchPort(port: number): Watch {
  const places = [`http://127.0.0.1:${port}`, `http://[::1]:${port}`].map((url): Replica => ({
    url,
    apiKey: null,
    engine: 'unknown',
    caFile: null,
    weight: 1,
  }));
  return createWatch(places, 'usual');
}

/** Whether a usual port is Keyporter's own, or already watched under a name. */
function isTaken(watch: Watch, named: readonly Watch[], options: FinderOptions): boolean {
  const port = placePort(watch);
  return (
    options.ownPorts().includes(port) || named.some((other) => placePort(other) === port && isHere(other, options))
  );
}

/** Whether a named server is Keyporter itself: asking would ask for ever. */
function isOwn(watch: Watch, options: FinderOptions): boolean {
  return options.ownPorts().includes(placePort(watch)) && isHere(watch, options);
}

function isHere({ places }: Watch, { interfaces }: FinderOptions): boolean {
  return places[0] !== undefined && isThisMachine(new URL(places[0].url).hostname, (interfaces ?? networkInterfaces)());
}

function placePort({ places }: Watch): number {
  return places[0] === undefined ? 0 : portOf(new URL(places[0].url));
}

function ownState({ places, origin }: Watch): FoundState | null {
  const [replica] = places;
  return replica === undefined
    ? null
    : {
        ...unseen(replica, origin),
        state: 'down',
        detail: 'is Keyporter itself and was not asked: name the model server instead',
      };
}

/** An engine that answered, and that nobody could take for an ordinary web server. */
function isReal(state: FoundState | null): boolean {
  if (state === null || state.engine === 'demo' || state.engine === 'unknown') return false;
  if (state.state !== 'up' && state.detail !== LOADING) return false;
  return state.models.length > 0 || state.engine !== 'openai';
}

function isSame(known: Replica | undefined, replica: Replica): boolean {
  return (
    known !== undefined &&
    known.url === replica.url &&
    known.engine === replica.engine &&
    known.caFile === replica.caFile &&
    known.apiKey?.reveal() === replica.apiKey?.reveal()
  );
}

function sameState(before: FoundState | null, after: FoundState | null): boolean {
  if (before === null || after === null) return before === after;
  return (
    before.url === after.url &&
    before.state === after.state &&
    before.engine === after.engine &&
    before.detail === after.detail &&
    before.answersWithoutKey === after.answersWithoutKey &&
    before.models.length === after.models.length &&
    before.models.every((name, index) => name === after.models[index])
  );
}

function subscribe(callbacks: Set<() => void>, callback: () => void): () => void {
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}
