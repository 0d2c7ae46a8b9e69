import type { BodyHead } from '../core/exchange.js';
import type { FieldRule } from '../core/field-rule.js';
import { boundFields, type FieldBounds } from '../http/bound-fields.js';
import type { Edit } from '../http/edit.js';
import { refuseMediaUrls } from '../http/media-urls.js';
import { fieldRulesOf } from '../replicas/engines/table.js';
import type { EngineName, FieldSettings, OfferedModel } from '../replicas/model.js';

/** May this body go to the engines of this model as it is? Answers what has to be replaced in it; refuses with 400. */
export type FieldCheck = (body: Buffer, head: BodyHead, model: OfferedModel) => Edit[];

export function createFieldCheck(): FieldCheck {
  const boundsFor = createFieldBounds();
  return (body, head, model) => {
    if (model.mediaUrls === 'data_only')
      refuseMediaUrls(body, { fetchesPlainNames: model.replicas.some(({ engine }) => engine === 'sglang') });
    return boundFields(body, head.members, boundsFor(model));
  };
}

/** The rules for a model, put together once for each combination of engines and settings. */
export function createFieldBounds(): (model: OfferedModel) => FieldBounds {
  const made = new WeakMap<FieldSettings, Map<string, FieldBounds>>();
  return ({ fields, replicas }) => {
    let byEngines = made.get(fields);
    if (byEngines === undefined) made.set(fields, (byEngines = new Map()));
    const engines = replicas.length === 1 ? (replicas[0]?.engine ?? '') : enginesOf(replicas).join(' ');
    let bounds = byEngines.get(engines);
    if (bounds === undefined) byEngines.set(engines, (bounds = boundsOf(enginesOf(replicas), fields)));
    return bounds;
  };
}

function enginesOf(replicas: OfferedModel['replicas']): EngineName[] {
  return [...new Set(replicas.map(({ engine }) => engine))].toSorted();
}

/** What the operator says wins over the table. */
function boundsOf(engines: readonly EngineName[], { deny, clamp }: FieldSettings): FieldBounds {
  const bounds = new Map<string, FieldRule>(Object.entries(fieldRulesOf(engines)));
  for (const [name, most] of Object.entries(clamp)) bounds.set(name, { kind: 'most', most });
  for (const name of deny) bounds.set(name, { kind: 'refuse', why: 'the operator of this server does not allow it' });
  return bounds;
}
