import { plainKey } from './key-lines.js';
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

/** Reads `config.yaml` of llama-swap. All its models run side by side here, where the original swaps them. */
export function readLlamaSwap(root: Record<string, unknown>): Reading {
  const verdicts = new Verdicts();
  const macros = objectAt(root, 'macros');
  const grace = typeof root['healthCheckTimeout'] === 'number' ? root['healthCheckTimeout'] : USUAL_TIMEOUT_SECONDS;
  if (root['healthCheckTimeout'] !== undefined) verdicts.taken('healthCheckTimeout', 'grace of a starting model');
  if (root['macros'] !== undefined) verdicts.taken('macros', 'written out where they are used');
  const models = Object.entries(objectAt(root, 'models')).flatMap(([name, value]) => {
    const model = isObject(value) ? modelOf(`models.${name}`, value, { verdicts, macros, grace }) : null;
    return model === null ? [] : [[name, model] as const];
  });
  const listed: readonly unknown[] = Array.isArray(root['apiKeys']) ? root['apiKeys'] : [];
  const secrets = [
    ...new Set(listed.filter((key): key is string => typeof key === 'string' && key !== '' && !/\$\{env\./.test(key))),
  ];
  if (listed.length > 0)
    verdicts.taken('apiKeys', `${secrets.length} of ${listed.length}, each with the scope infer; clients keep them`);
  if (secrets.length < listed.length)
    verdicts.refused('apiKeys', 'keys that stand in the environment or twice are left out');
  verdicts.refuseUnknown(root, KNOWN);
  return {
    format: 'llama-swap configuration',
    fields: verdicts.fields,
    keys: secrets.map((secret, index) => plainKey(`llama-swap-${index + 1}`, secret)),
    configuration: { models: Object.fromEntries(models) },
    advice: ['All models of the file run at the same time. Leave out those for which there is no memory.'],
  };
}

interface Around {
  verdicts: Verdicts;
  macros: Readonly<Record<string, unknown>>;
  grace: number;
}

function modelOf(
  field: string,
  model: Record<string, unknown>,
  { verdicts, macros, grace }: Around,
): Record<string, unknown> | null {
  const { cmd, proxy, aliases, checkEndpoint, useModelName } = model;
  const upstream = typeof useModelName === 'string' ? { upstream_model: useModelName } : {};
  const most = inFlightOf(field, model['concurrencyLimit'], verdicts);
  const names = Array.isArray(aliases) ? { aliases: aliases.filter((alias) => typeof alias === 'string') } : {};
  verdicts.refuseUnknown(model, OF_MODEL, `${field}.`);
  for (const name of ['unlisted', 'name', 'description'])
    if (model[name] !== undefined) verdicts.refused(`${field}.${name}`, 'models are listed by their names');
  if (typeof cmd !== 'string') {
    if (typeof proxy !== 'string') {
      verdicts.refused(field, 'has neither cmd nor proxy');
      return null;
    }
    verdicts.taken(`${field}.proxy`, 'address of the model server');
    return { ...names, ...upstream, ...most, replicas: [{ url: proxy }] };
  }
  const command = commandOf(cmd, macros);
  if (command === null) {
    verdicts.refused(
      `${field}.cmd`,
      'uses a macro that is not there, or cannot be told apart from placeholders; start it by hand and name its URL',
    );
    return null;
  }
  verdicts.taken(`${field}.cmd`, 'started and watched by Keyporter, on a port of its own');
  const path = typeof checkEndpoint === 'string' && checkEndpoint.startsWith('/') ? { path: checkEndpoint } : {};
  return {
    ...names,
    ...upstream,
    ...most,
    command,
    ...environmentOf(field, model['env'], verdicts),
    readiness_probe: { ...path, startup_grace_seconds: Math.max(1, grace) },
  };
}

/** 0 is the original's word for its own default. */
function inFlightOf(field: string, limit: unknown, verdicts: Verdicts): { max_in_flight?: number } {
  if (limit === undefined || limit === 0) return {};
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MOST_IN_FLIGHT) {
    verdicts.refused(`${field}.concurrencyLimit`, `is no whole number from 1 to ${MOST_IN_FLIGHT}`);
    return {};
  }
  verdicts.taken(`${field}.concurrencyLimit`, 'max_in_flight of the model; beyond it requests wait for their turn');
  return { max_in_flight: limit };
}

/** `\${PORT}` becomes the port of the process; lines that end in a backslash are one. Null when a macro is unknown. */
function commandOf(cmd: string, macros: Readonly<Record<string, unknown>>): string | null {
  const lines = cmd.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  let text = lines.join('\n').replaceAll(/\\\n/g, ' ').replaceAll('\n', ' ').trim();
  for (let round = 0; round < 10 && /\$\{[\w-]+\}/.test(text); round++) {
    text = text.replaceAll(/\$\{([\w-]+)\}/g, (whole, name: string) => {
      if (name === 'PORT') return '{port}';
      const value = macros[name];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
    });
  }
  const rest = text.replaceAll('{port}', '');
  return /\$\{/.test(rest) || /\{[a-z][a-z_]*\}/.test(rest) ? null : text;
}

function environmentOf(field: string, env: unknown, verdicts: Verdicts): Record<string, unknown> {
  if (!Array.isArray(env) || env.length === 0) return {};
  const pairs = env.flatMap((line) => {
    const [, name, value] = typeof line === 'string' ? (/^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []) : [];
    if (name === undefined || value === undefined) return [];
    if (!/TOKEN|KEY|SECRET|PASSWORD/i.test(name)) return [[name, value.replaceAll('${', '$${')] as const];
    verdicts.approximated(`${field}.env.${name}`, 'its value is not copied; set it in the environment of Keyporter');
    return [[name, `\${${name}}`] as const];
  });
  verdicts.taken(`${field}.env`, 'variables of the process');
  return { env: Object.fromEntries(pairs) };
}
