import { Refusal } from '../core/errors.js';
import type { EnginePath } from '../replicas/engines/engine.js';
import { engineOf, findPath } from '../replicas/engines/table.js';
import type { Catalogue, OfferedModel } from '../replicas/model.js';

/** What `/engines/{model}/<path>` means. */
export interface EngineAsked {
  model: OfferedModel;
  /** Path on the engine. */
  path: string;
  /** Its entry in the table; null when the engine has no such path. */
  entry: EnginePath | null;
}

/**
 * Where the name of the model ends: names have slashes, written as they are or encoded. The shortest
 * name whose engine has the rest wins; else the shortest name that is a model. Null = none is.
 */
export function readEngineAsked(catalogue: Catalogue, method: string, rest: string): EngineAsked | null {
  let known: EngineAsked | null = null;
  for (let at = rest.indexOf('/'); at > 0; at = rest.indexOf('/', at + 1)) {
    const model = catalogue.resolve(rest.slice(0, at));
    if (model === null) continue;
    const path = rest.slice(at);
    const entry = pathOf(model, method, path);
    if (entry !== null) return { model, path, entry };
    known ??= { model, path, entry: null };
  }
  return known;
}

/** A path counts only where every replica understands the same by it. HEAD has the rights of GET. */
function pathOf(model: OfferedModel, method: string, path: string): EnginePath | null {
  const engines = [...new Set(model.replicas.map(({ engine }) => engine))].map(engineOf);
  const [first, ...others] = engines.map(
    (engine) => findPath(engine, method, path) ?? (method === 'HEAD' ? findPath(engine, 'GET', path) : null),
  );
  if (first === undefined || first === null) return null;
  return others.every((other) => other?.class === first.class) ? first : null;
}

/** The scope the path needs. Throws 404 for one that is not asked this way, or by nobody at all. */
export function engineScope({ model, path, entry }: EngineAsked, method: string): { needed: string } {
  const shown = path.slice(0, 200);
  if (entry?.class === 'engine:control') return { needed: 'engine:control' };
  if (entry?.class === 'engine:read' || entry?.class === 'alive') return { needed: 'engine:read' };
  const message =
    entry?.class.startsWith('infer') === true
      ? `${shown} is no control of the engine: ask it as ${shown} itself, with the model ${model.name}.`
      : `The engine of ${model.name} has no path ${method} ${shown} that is open to callers. docs/engines.md lists those that are.`;
  throw new Refusal('unknown_url', { message });
}
