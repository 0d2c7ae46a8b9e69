import type { PathKind } from '../replicas/engines/engine.js';
import { ENGINES, engineOf, findPath } from '../replicas/engines/table.js';
import type { EngineName } from '../replicas/model.js';
import { need, targetPath, type Exchange } from './exchange.js';

/** Routes name few paths; whatever callers fill in must not fill the memory. */
const MOST_KNOWN = 1000;

/** Work of a model on a path that no table has: nothing is known of its body or its answer. */
const UNKNOWN_WORK: PathKind = { class: 'infer', words: 'own', model: 'none', caps: [], usage: null };

/** Where it is not known which engine answers: on its own paths Ollama, which others follow there. */
const OTHERS = [ENGINES.ollama, ...Object.values(ENGINES)];

/**
 * Tells what stands where in the request and its answer, by the table of engines; null for what costs
 * no work of a model, which is not counted: lists, counting of tokens, the engine's own controls.
 */
export function createMeteredPath(): (exchange: Exchange) => PathKind | null {
  const known = new Map<string, PathKind | null>();
  return (exchange) => {
    const { method } = exchange.request;
    const path = targetPath(exchange);
    const engine = need(exchange.model, 'model').replicas[0]?.engine ?? 'unknown';
    const name = `${engine} ${method} ${path}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    if (known.size >= MOST_KNOWN) known.clear();
    const kind = kindOf({ engine, method, path }) ?? (isWork(exchange) ? UNKNOWN_WORK : null);
    const metered = kind !== null && isMetered(kind) ? kind : null;
    known.set(name, metered);
    return metered;
  };
}

function kindOf({ engine, method, path }: { engine: EngineName; method: string; path: string }): PathKind | null {
  const own = findPath(engineOf(engine), method, path);
  if (own !== null) return own;
  for (const other of OTHERS) {
    const entry = findPath(other, method, path);
    if (entry !== null) return entry;
  }
  return null;
}

/** The families do work; plain `infer` tokenizes, counts and lists. */
function isMetered(kind: PathKind): boolean {
  return kind === UNKNOWN_WORK || kind.class.startsWith('infer:');
}

/** The route asks for one family, and something is sent. */
function isWork({ route: { scope }, request: { method } }: Exchange): boolean {
  return method === 'POST' && scope !== null && 'needed' in scope && scope.needed.startsWith('infer:');
}
