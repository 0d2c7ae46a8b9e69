import {
  configuredModel,
  configuredUpstreams,
  DEFAULT_TREATMENT,
  NO_SOURCES,
  type CatalogueConfig,
  type ReplicaSources,
} from './configured.js';
import type { Catalogue, OfferedModel, Replica, ReplicaState } from './model.js';
import { isModelName, type ListedModel } from './model-list.js';

/** A state with what the server's own list says of each model, when that is known. */
export interface FoundState extends ReplicaState {
  listed?: ReadonlyMap<string, ListedModel>;
  /** False for a server that is only watched: its own list is not offered. */
  offered: boolean;
}

/** A catalogue and what its making showed. */
export interface BuiltCatalogue extends Catalogue {
  /** Names that hide other names, in sentences for the operator. */
  readonly warnings: readonly string[];
  /** Upstreams that never told their models: what they serve is not known, so a name not found here may still exist. */
  readonly silent: readonly string[];
  /** Every model whose replicas take requests, the `"*"` entry too: first those of the configuration, in its order. */
  readonly served: readonly OfferedModel[];
}

/** What a catalogue is made of besides the configuration. */
export interface CatalogueParts {
  /** Servers whose lists are offered; those in `found` that are not among them need no key. */
  upstreams?: readonly Replica[];
  sources?: ReplicaSources;
}

/**
 * All models on offer. Configured names win over aliases, and aliases over found names. A name found on
 * several servers is one model with several replicas; configured upstreams come before those that were
 * only found.
 */
export function createCatalogue(
  config: CatalogueConfig,
  found: ReadonlyMap<string, FoundState>,
  { upstreams = configuredUpstreams(config), sources = NO_SOURCES }: CatalogueParts = {},
): BuiltCatalogue {
  const offers = foundOffers(found, upstreams);
  const { wildcard, configured } = configuredOffers(config, found, sources);
  const { byName, warnings } = nameEach(configured, offers);
  const named = [...new Set(byName.values())];
  const list = named.toSorted((a, b) => (a.name < b.name ? -1 : 1));

  const known = (name: string): OfferedModel | null => byName.get(name) ?? passOn(wildcard, name);
  const defaultModel = config.default_model === null ? onlyOne(list) : known(config.default_model);
  const fallback = config.unknown_model === 'default' ? defaultModel : null;
  return {
    resolve: (name) => (name === null ? defaultModel : (known(name) ?? fallback)),
    list: () => list,
    warnings,
    silent: upstreams.map(({ url }) => url).filter((url) => !hasTold(found.get(url))),
    served: wildcard === null ? named : [...named, wildcard],
  };
}

function onlyOne(list: readonly OfferedModel[]): OfferedModel | null {
  return list.length === 1 ? (list[0] ?? null) : null;
}

function hasTold(state: FoundState | undefined): boolean {
  return state !== undefined && (state.models.length > 0 || (state.state === 'up' && state.listed !== undefined));
}

/** The `"*"` entry under the name asked for. */
function passOn(wildcard: OfferedModel | null, name: string): OfferedModel | null {
  if (wildcard === null || !isModelName(name)) return null;
  return { ...wildcard, name, aliases: [], upstreamName: wildcard.upstreamName === '*' ? name : wildcard.upstreamName };
}

/** Found names in the order of their upstreams, each with every server that lists it. */
function foundOffers(found: ReadonlyMap<string, FoundState>, upstreams: readonly Replica[]): Map<string, OfferedModel> {
  const named = new Set(upstreams.map(({ url }) => url));
  const others = [...found.values()].filter(({ url, offered }) => offered && !named.has(url));
  const replicas = [
    ...upstreams,
    ...others.map(({ url, engine }): Replica => ({ url, engine, apiKey: null, caFile: null, weight: 1 })),
  ];
  const offers = new Map<string, OfferedModel>();
  for (const replica of replicas) {
    const state = found.get(replica.url);
    for (const name of new Set(state?.models)) {
      if (state === undefined || !isModelName(name)) continue;
      const known = offers.get(name);
      const here = withEngine(replica, found);
      offers.set(
        name,
        known === undefined ? foundModel(name, here, state) : { ...known, replicas: [...known.replicas, here] },
      );
    }
  }
  return offers;
}

function foundModel(name: string, replica: Replica, state: FoundState): OfferedModel {
  const listed = state.listed?.get(name);
  return {
    ...DEFAULT_TREATMENT,
    name,
    aliases: [],
    restricted: false,
    origin: 'found',
    upstreamName: name,
    replicas: [replica],
    paths: {},
    created: listed?.created ?? 0,
    ownedBy: listed?.ownedBy || state.engine,
  };
}

/** What the file leaves open about a server is taken from the server. */
function withEngine(replica: Replica, found: ReadonlyMap<string, FoundState>): Replica {
  const engine = found.get(replica.url)?.engine;
  return replica.engine === 'unknown' && engine !== undefined ? { ...replica, engine } : replica;
}

interface ConfiguredOffers {
  wildcard: OfferedModel | null;
  configured: readonly OfferedModel[];
}

function configuredOffers(
  { models }: CatalogueConfig,
  found: ReadonlyMap<string, FoundState>,
  sources: ReplicaSources,
): ConfiguredOffers {
  const all = Object.entries(models).map(([name, entry]) => {
    const model = configuredModel(name, entry, sources);
    return { ...model, replicas: model.replicas.map((replica) => withEngine(replica, found)) };
  });
  return {
    wildcard: all.find(({ origin }) => origin === 'wildcard') ?? null,
    configured: all.filter(({ origin }) => origin !== 'wildcard'),
  };
}

/** Decides which model each name means. */
function nameEach(
  configured: readonly OfferedModel[],
  offers: ReadonlyMap<string, OfferedModel>,
): { byName: ReadonlyMap<string, OfferedModel>; warnings: readonly string[] } {
  const byName = new Map(configured.map((model) => [model.name, model]));
  const warnings: string[] = [];
  for (const model of configured) {
    for (const alias of model.aliases) {
      const taken = byName.get(alias);
      if (taken === undefined) byName.set(alias, model);
      if (taken !== undefined && taken !== model)
        warnings.push(`The alias ${alias} of ${model.name} is not used: the name already means ${taken.name}.`);
      if (taken === undefined && offers.has(alias))
        warnings.push(
          `The alias ${alias} of ${model.name} hides the model ${alias} of ${serverOf(offers.get(alias))}.`,
        );
    }
  }
  for (const [name, model] of offers) {
    if (!byName.has(name)) byName.set(name, model);
  }
  return { byName, warnings };
}

function serverOf(model: OfferedModel | undefined): string {
  return model?.replicas[0]?.url ?? 'an upstream';
}
