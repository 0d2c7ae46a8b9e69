/** What a server's own list says of one model. */
export interface ListedModel {
  id: string;
  /** Unix seconds; 0 when the list does not say. */
  created: number;
  /** Empty when the list does not say. */
  ownedBy: string;
}

export interface ModelList {
  models: readonly ListedModel[];
  /** Entries whose name cannot be used, or beyond the bound. */
  leftOut: number;
}

const LONGEST_NAME = 256;
const MOST_MODELS = 1000;
const LATEST_CREATED = 1e11;

/** Control and format characters and halves of characters: they break log lines, headers and terminals, and hide what a name is. */
const UNUSABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

/** Whether a text may be a model's name: 1 to 256 characters that print. `*` alone means any model and names none. */
export function isModelName(name: string): boolean {
  return name.length > 0 && name.length <= LONGEST_NAME && name !== '*' && !UNUSABLE.test(name);
}

/**
 * Reads the body of `/v1/models`, `/api/v0/models` or Ollama's `/api/tags`. Null = it is not a list
 * of models. Names are exact; a name listed twice counts once.
 */
export function readModelList(body: Buffer | string): ModelList | null {
  const entries = listEntries(parseJson(body));
  if (entries === null) return null;
  const models = new Map<string, ListedModel>();
  let leftOut = 0;
  for (const entry of entries) {
    const model = readEntry(entry);
    if (model === null || (models.size >= MOST_MODELS && !models.has(model.id))) leftOut += 1;
    else if (!models.has(model.id)) models.set(model.id, model);
  }
  return { models: [...models.values()], leftOut };
}

/** The value a JSON text stands for; undefined when it is not JSON. */
export function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** A member of a JSON object; undefined for anything else. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function listEntries(value: unknown): readonly unknown[] | null {
  const entries = member(value, 'data') ?? member(value, 'models');
  return Array.isArray(entries) ? entries : null;
}

function readEntry(entry: unknown): ListedModel | null {
  const id = member(entry, 'id') ?? member(entry, 'name');
  if (typeof id !== 'string' || !isModelName(id)) return null;
  const created = member(entry, 'created');
  const ownedBy = member(entry, 'owned_by');
  return {
    id,
    created: typeof created === 'number' && created >= 0 && created < LATEST_CREATED ? Math.floor(created) : 0,
    ownedBy: typeof ownedBy === 'string' && isModelName(ownedBy) ? ownedBy : '',
  };
}
