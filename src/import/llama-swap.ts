import type { ImportedKey } from '../keys/key.js';
import { addressOf } from './address.js';
import { isSecretName, withoutSecrets } from './command-secrets.js';
import { secretKeys } from './key-lines.js';
import { expandedCommand, withOwnPort } from './llama-swap-command.js';
import { isObject, objectAt, Verdicts, type Reading } from './reading.js';

/** True for a configuration of llama-swap: models that are started by a command or proxied. */
export function isLlamaSwap(root: Readonly<Record<string, unknown>>): boolean {
  const { models } = root;
  return (
    isObject(models) &&
    Object.values(models).some(
      (model) => isObject(model) && (typeof model['cmd'] === 'string' || typeof model['proxy'] === 'string'),
    )
  );
}

const KNOWN = ['models', 'apiKeys', 'healthCheckTimeout', 'macros'];
const OF_MODEL = [
  'cmd',
  'proxy',
  'env',
  'aliases',
  'checkEndpoint',
  'useModelName',
  'unlisted',
  'name',
  'description',
  'concurrencyLimit',
];
const USUAL_TIMEOUT_SECONDS = 120;
const MOST_IN_FLIGHT = 100_000;
/** llama.cpp reads the one, vLLM the other. */
const OWN_KEY = { LLAMA_API_KEY: '{api_key}', VLLM_API_KEY: '{api_key}' };

/** Reads `config.yaml` of llama-swap. All its models run side by side here, where the original swaps them. */
export function readLlamaSwap(root: Record<string, unknown>): Reading {
  const verdicts = new Verdicts();
  const macros = objectAt(root, 'macros');
  const grace = typeof root['healthCheckTimeout'] === 'number' ? root['healthCheckTimeout'] : USUAL_TIMEOUT_SECONDS;
  if (root['healthCheckTimeout'] !== undefined) verdicts.taken('healthCheckTimeout', 'grace of a starting model');
  if (root['macros'] !== undefined) verdicts.taken('macros', 'written out where they are used');
  const models = Object.entries(objectAt(root, 'models')).flatMap(([name, value]) => {
    const field = `models.${name}`;
    if (!isObject(value)) {
      verdicts.refused(field, 'is no map of members');
      return [];
    }
    const model = modelOf(field, value, { verdicts, macros, grace });
    return model === null ? [] : [[name, model] as const];
  });
  const keys = keysOf(root['apiKeys'], verdicts);
  verdicts.refuseUnknown(root, KNOWN);
  return {
    format: 'llama-swap configuration',
    fields: verdicts.fields,
    keys,
    configuration: { models: Object.fromEntries(models) },
    advice: ['All models of the file run at the same time. Leave out those for which there is no memory.'],
  };
}

function keysOf(value: unknown, verdicts: Verdicts): ImportedKey[] {
  if (value === undefined) return [];
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  const secrets = [
    ...new Set(listed.filter((key): key is string => typeof key === 'string' && key !== '' && !/\$\{env\./.test(key))),
  ];
  const keys = secretKeys('llama-swap', secrets, { field: 'apiKeys, key', verdicts });
  verdicts.taken('apiKeys', `${keys.length} of ${listed.length}, each with the scope infer; clients keep them`);
  if (secrets.length < listed.length)
    verdicts.refused('apiKeys', 'what stands in the environment, is no text or stands there twice is left out');
  return keys;
}

interface Around {
  verdicts: Verdicts;
  macros: Readonly<Record<string, unknown>>;
  grace: number;
}

function modelOf(field: string, model: Record<string, unknown>, around: Around): Record<string, unknown> | null {
  const { verdicts } = around;
  const { cmd, proxy } = model;
  verdicts.refuseUnknown(model, OF_MODEL, `${field}.`);
  for (const name of ['unlisted', 'name', 'description'])
    if (model[name] !== undefined) verdicts.refused(`${field}.${name}`, 'models are listed by their names');
  if (typeof cmd === 'string') {
    if (proxy !== undefined) verdicts.refused(`${field}.proxy`, 'the process gets a port of its own');
    return startedModel(field, cmd, { ...around, model });
  }
  if (typeof proxy !== 'string') {
    verdicts.refused(field, 'has neither cmd nor proxy');
    return null;
  }
  const url = addressOf(proxy, { field: `${field}.proxy`, taken: 'address of the model server', verdicts });
  if (url === null) return null;
  if (model['checkEndpoint'] !== undefined)
    verdicts.refused(`${field}.checkEndpoint`, 'a model server that is not started here is asked in its own way');
  if (model['env'] !== undefined) verdicts.refused(`${field}.env`, 'nothing is started that could have it');
  return { ...namesOf(field, model, verdicts), replicas: [{ url }] };
}

function namesOf(field: string, model: Record<string, unknown>, verdicts: Verdicts): Record<string, unknown> {
  const { aliases, useModelName } = model;
  const names = Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string' && alias !== '') : [];
  if (aliases !== undefined) verdicts.taken(`${field}.aliases`, 'other names of the model');
  if (typeof useModelName === 'string') verdicts.taken(`${field}.useModelName`, 'upstream_model');
  return {
    ...(names.length === 0 ? {} : { aliases: names }),
    ...(typeof useModelName === 'string' ? { upstream_model: useModelName } : {}),
    ...inFlightOf(field, model['concurrencyLimit'], verdicts),
  };
}

function startedModel(
  field: string,
  cmd: string,
  { model, macros, grace, verdicts }: Around & { model: Record<string, unknown> },
): Record<string, unknown> | null {
  const expanded = expandedCommand(cmd, macros);
  if (expanded === null) {
    verdicts.refused(
      `${field}.cmd`,
      'uses a macro that is not there, or cannot be told apart from placeholders; start it by hand and name its URL',
    );
    return null;
  }
  const written = withOwnPort(expanded, model['proxy']);
  if (written === null) {
    verdicts.refused(`${field}.cmd`, 'has no ${PORT} and not the port of proxy; start it by hand and name its URL');
    return null;
  }
  const { command, variables, hadKey } = withoutSecrets(written);
  verdicts.taken(`${field}.cmd`, 'started and watched by Keyporter, on a port of its own');
  if (hadKey)
    verdicts.approximated(
      `${field}.cmd --api-key`,
      'is not copied; each process gets a private key in its environment',
    );
  for (const name of variables)
    verdicts.approximated(`${field}.cmd`, `a secret in it is not copied; set ${name} in the environment of Keyporter`);
  const { checkEndpoint } = model;
  const isPath = typeof checkEndpoint === 'string' && checkEndpoint.startsWith('/');
  if (isPath) verdicts.taken(`${field}.checkEndpoint`, 'path of the readiness probe');
  else if (checkEndpoint !== undefined)
    verdicts.refused(`${field}.checkEndpoint`, 'is no path; the process is asked in the way of its engine');
  const env = { ...environmentOf(field, model['env'], verdicts), ...(hadKey ? OWN_KEY : {}) };
  return {
    ...namesOf(field, model, verdicts),
    command,
    ...(Object.keys(env).length === 0 ? {} : { env }),
    readiness_probe: { ...(isPath ? { path: checkEndpoint } : {}), startup_grace_seconds: Math.max(1, grace) },
  };
}

/** 0 is the original's word for its own default. */
function inFlightOf(field: string, limit: unknown, verdicts: Verdicts): { max_in_flight?: number } {
  if (limit === undefined) return {};
  if (limit === 0) {
    verdicts.taken(`${field}.concurrencyLimit`, 'the usual number');
    return {};
  }
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MOST_IN_FLIGHT) {
    verdicts.refused(`${field}.concurrencyLimit`, `is no whole number from 1 to ${MOST_IN_FLIGHT}`);
    return {};
  }
  verdicts.taken(`${field}.concurrencyLimit`, 'max_in_flight of the model; beyond it requests wait for their turn');
  return { max_in_flight: limit };
}

function environmentOf(field: string, env: unknown, verdicts: Verdicts): Record<string, string> {
  if (env === undefined) return {};
  const lines: readonly unknown[] = Array.isArray(env) ? env : [env];
  const pairs = lines.flatMap((line): [string, string][] => {
    const [, name, value] = typeof line === 'string' ? (/^([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? []) : [];
    if (name === undefined || value === undefined) {
      verdicts.refused(`${field}.env`, 'what is no NAME=VALUE is left out');
      return [];
    }
    if (!isSecretName(name) && !/:\/\/[^\s/@]+@/.test(value)) return [[name, value.replaceAll('${', '$${')]];
    verdicts.approximated(`${field}.env.${name}`, 'its value is not copied; set it in the environment of Keyporter');
    return [[name, `\${${name}}`]];
  });
  if (pairs.length > 0) verdicts.taken(`${field}.env`, 'variables of the process');
  return Object.fromEntries(pairs);
}
