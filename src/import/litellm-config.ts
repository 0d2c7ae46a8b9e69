import { addressOf } from './address.js';
import { isObject, objectAt, Verdicts, type Reading } from './reading.js';

/** Providers of LiteLLM that are plain servers of the OpenAI protocol, and our name for their engine. */
const ENGINES: Readonly<Record<string, string | null>> = {
  openai: null,
  'text-completion-openai': null,
  custom_openai: null,
  openai_like: null,
  hosted_vllm: 'vllm',
  vllm: 'vllm',
  ollama: 'ollama',
  ollama_chat: 'ollama',
  lm_studio: 'lmstudio',
  llamafile: 'llama.cpp',
};

/** True for `config.yaml` of LiteLLM. */
export function isLitellmConfig(root: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(root['model_list']);
}

/** Reads the models of LiteLLM's configuration; keys lie in its database. */
export function readLitellmConfig(root: Record<string, unknown>): Reading {
  const verdicts = new Verdicts();
  const entries: readonly unknown[] = Array.isArray(root['model_list']) ? root['model_list'] : [];
  // Names come from the file: none of them may be one that every object has.
  const models = Object.create(null) as Record<string, Model>;
  for (const [index, entry] of entries.entries()) {
    const field = `model_list[${index}]`;
    const found = isObject(entry)
      ? deployment(field, entry, verdicts)
      : refuse(verdicts, field, 'is no map of members');
    if (found !== null) add(models, found, verdicts);
  }
  const general = objectAt(root, 'general_settings');
  if (general['master_key'] !== undefined)
    verdicts.refused(
      'general_settings.master_key',
      'make an administrator with `keyporter keys create --scope admin`; no key can do everything and be shared',
    );
  if (general['database_url'] !== undefined)
    verdicts.refused(
      'general_settings.database_url',
      'export the table LiteLLM_VerificationToken as CSV or JSON and import that file',
    );
  verdicts.refuseUnknown(general, ['master_key', 'database_url'], 'general_settings.');
  verdicts.refuseUnknown(objectAt(root, 'litellm_settings'), [], 'litellm_settings.');
  verdicts.refuseUnknown(objectAt(root, 'router_settings'), [], 'router_settings.');
  verdicts.refuseUnknown(root, ['model_list', 'general_settings', 'litellm_settings', 'router_settings']);
  return { format: 'LiteLLM configuration', fields: verdicts.fields, keys: [], configuration: { models }, advice: [] };
}

interface Model {
  engine?: string;
  upstream_model?: string;
  replicas: { url: string; api_key?: string; weight?: number }[];
}

interface Deployment {
  field: string;
  name: string;
  engine: string | null;
  model: string;
  replica: Model['replicas'][number];
}

function deployment(field: string, entry: Record<string, unknown>, verdicts: Verdicts): Deployment | null {
  const params = objectAt(entry, 'litellm_params');
  const { model_name: name } = entry;
  const { model, api_base: base, api_key: key, weight } = params;
  if (typeof name !== 'string' || typeof model !== 'string')
    return refuse(verdicts, field, 'has no model_name or no litellm_params.model');
  const [, provider = 'openai', upstream = model] = /^([a-z_-]+)\/(.+)$/.exec(model) ?? [];
  if (!Object.hasOwn(ENGINES, provider))
    return refuse(verdicts, `${field} (${name})`, 'is a provider whose protocol Keyporter does not translate');
  if (typeof base !== 'string')
    return refuse(verdicts, `${field} (${name})`, 'has no api_base: it is no server of your own');
  if (upstream.includes('*') && !(upstream === '*' && name === '*'))
    return refuse(verdicts, `${field} (${name})`, 'is a pattern of names; only `*` alone passes any name on');
  const url =
    fromEnvironment(base) ?? addressOf(base, { field: `${field}.litellm_params.api_base`, taken: null, verdicts });
  if (url === null) return null;
  verdicts.taken(`${field} (${name})`, 'a replica of this model');
  verdicts.refuseUnknown(entry, ['model_name', 'litellm_params'], `${field}.`);
  const unused = Object.keys(params).filter((one) => !['model', 'api_base', 'api_key', 'weight'].includes(one));
  for (const one of unused)
    verdicts.refused(`${field}.litellm_params.${one}`, 'Keyporter has nothing that corresponds to it');
  const own = typeof key === 'string' ? keyOf(field, key, verdicts) : {};
  if (weight !== undefined && !isWeight(weight))
    verdicts.refused(`${field}.litellm_params.weight`, 'is no whole number from 1 to 1000');
  const share = isWeight(weight) ? { weight } : {};
  return { field, name, engine: ENGINES[provider] ?? null, model: upstream, replica: { url, ...own, ...share } };
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1000;
}

function refuse(verdicts: Verdicts, field: string, why: string): null {
  verdicts.refused(field, why);
  return null;
}

/** A key that stands in the file is not copied into another one. */
function keyOf(field: string, key: string, verdicts: Verdicts): { api_key?: string } {
  const reference = fromEnvironment(key);
  if (reference !== null) {
    verdicts.taken(`${field}.litellm_params.api_key`, 'a reference to the environment');
    return { api_key: reference };
  }
  if (/^(none|dummy|empty|na|n\/a|fake.*|sk-(1234|none|no-key.*))$/i.test(key)) return {};
  verdicts.refused(
    `${field}.litellm_params.api_key`,
    'its value is not copied; put it into `api_key` of the replica as ${NAME} or ${file:PATH}',
  );
  return {};
}

function fromEnvironment(text: string): string | null {
  const name = /^os\.environ\/([A-Za-z_]\w*)$/.exec(text)?.[1];
  return name === undefined ? null : `\${${name}}`;
}

function add(
  models: Record<string, Model>,
  { field, name, engine, model, replica }: Deployment,
  verdicts: Verdicts,
): void {
  const present = models[name];
  if (present === undefined) {
    const as = model === '*' ? {} : { upstream_model: model };
    models[name] = { ...(engine === null ? {} : { engine }), ...as, replicas: [replica] };
    return;
  }
  if ((present.upstream_model ?? '*') !== model)
    verdicts.refused(
      `${field} (${name})`,
      'has another name at its server than the first of this model; give it a name of its own',
    );
  else if (present.replicas.some(({ url }) => url === replica.url))
    verdicts.refused(`${field} (${name})`, 'is the same server as an earlier one');
  else present.replicas.push(replica);
}
