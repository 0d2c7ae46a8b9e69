import { LIMIT_NAMES, type LimitSettings } from '../core/limits.js';
import type { Config, ListenerConfig, ModelConfig } from './schema.js';

/** What a gateway with this configuration would do, in sentences, for `keyporter check`. Holds no secret. */
export function describeConfig(config: Config): string[] {
  return [
    ...config.listeners.map(listenerSentence),
    ...modelSentences(config),
    ...callerSentences(config),
    ...limitSentences(config),
    ...keepingSentences(config),
  ];
}

/** A profile owns its whole listener, and speaks as that system does. */
const PROFILES: Readonly<Record<ListenerConfig['profile'], string>> = {
  openai: 'the inference API',
  authkeys: 'the API of AuthKeys',
  orchestra: 'the API of Orchestra',
  skyserve: 'the API of SkyServe',
  'llama-stack': 'the API of Llama Stack',
};

const SERVED: Readonly<Record<Exclude<ListenerConfig['serve'][number], 'api'>, string>> = {
  admin: 'the admin API',
  metrics: 'metrics',
  verify: 'questions about keys',
};

function listenerSentence({ listen, serve, profile, tls }: ListenerConfig): string {
  const parts = serve.map((part) => (part === 'api' ? PROFILES[profile] : SERVED[part]));
  const clients = tls?.client_ca_file === null || tls === null ? '' : ', to clients with a certificate only';
  return `Listens on ${listen} ${tls === null ? 'without TLS' : `with TLS ${tls.min_version} or newer`} and serves ${listed(parts)}${clients}.`;
}

/** `a`, `a and b`, `a, b and c`. */
function listed(parts: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(parts);
}

function modelSentences({
  upstreams,
  models,
  default_model: defaultModel,
  unknown_model: unknownModel,
}: Config): string[] {
  const sentences = upstreams.map(
    ({ url, api_key: key }) => `Offers the models that ${url} lists${key === null ? '' : ', with its key'}.`,
  );
  for (const [name, model] of Object.entries(models)) sentences.push(modelSentence(name, model));
  if (sentences.length === 0)
    sentences.push('Looks for model servers on the usual ports of this machine and offers their models.');
  if (defaultModel !== null) sentences.push(`Bodies without a model go to ${defaultModel}.`);
  if (unknownModel === 'default' && defaultModel !== null)
    sentences.push(`Names nobody serves are answered by ${defaultModel}.`);
  return sentences;
}

function modelSentence(name: string, model: ModelConfig): string {
  const { aliases, upstream_model: upstreamModel, restricted, paths } = model;
  const what = name === '*' ? 'Passes any other model name' : `Serves ${[name, ...aliases].join(', also as ')}`;
  const as = upstreamModel === null ? '' : ` under the name ${upstreamModel}`;
  const where = placesOf(model);
  const only = restricted ? '; only for keys that name it' : '';
  const others = Object.entries(paths).map(([path, url]) => `; ${path} goes to ${url}`);
  return `${what} ${name === '*' ? 'on to' : 'from'} ${where}${as}${only}${others.join('')}.`;
}

/** Of a command only the program is shown: what stands behind it may be secret. */
function placesOf({ replicas, command, shell, processes }: ModelConfig): string {
  if (command !== null) {
    const program = shell ? 'a shell command' : (command.trim().split(/\s/, 1)[0] ?? '');
    return processes === 1
      ? `a process that it starts (${program})`
      : `${processes} processes that it starts (${program})`;
  }
  return replicas
    .map(
      ({ url, dns, port, api_key: key }) =>
        `${url ?? `every address of ${dns} at port ${port}`}${key === null ? '' : ', with its key'}`,
    )
    .join(' and ');
}

function callerSentences({ auth, keys, trusted_proxies: proxies, cors }: Config): string[] {
  const sentences = ['Every request needs a key.'];
  if (auth.local_networks.length > 0) {
    sentences[0] = `Every request needs a key, except from ${auth.local_networks.join(', ')}, where clients may do ${auth.local_scopes.join(', ')}.`;
  }
  if (auth.providers.length > 0) {
    const asked = auth.providers.map(({ name, type }) => (name === undefined ? type : `${name} (${type})`));
    sentences.push(`A credential that is none of ours is judged by ${asked.join(', then ')}.`);
  }
  if (auth.route_policy.length > 0)
    sentences.push(
      `Routes of models go by ${auth.route_policy.length === 1 ? 'one route rule' : `${auth.route_policy.length} route rules`}; what fits none is refused.`,
    );
  if (auth.failures_per_minute !== null)
    sentences.push(`An address that sends ${auth.failures_per_minute} wrong keys in a minute gets 429.`);
  const life = keys.default_expires === null ? 'do not expire' : `expire after ${keys.default_expires}`;
  const most = keys.max_lifetime === null ? '' : ` and at the latest after ${keys.max_lifetime}`;
  sentences.push(`New keys may do ${keys.default_scopes.join(', ')} and ${life} unless told otherwise${most}.`);
  if (keys.require.length > 0) sentences.push(`A new key must be given ${keys.require.join(', ')}.`);
  if (proxies.length > 0) sentences.push(`Forwarding headers from ${proxies.join(', ')} are believed.`);
  if (cors.allow_origins.length > 0)
    sentences.push(`Web pages from ${cors.allow_origins.join(', ')} may call the API.`);
  return sentences;
}

function limitSentences({ limits, owners }: Config): string[] {
  const { models, ...all } = limits;
  const sentences = [
    ['A key without limits of its own', amountsOf(all)] as const,
    ...Object.entries(owners).map(([name, own]) => [`All keys of ${name} together`, amountsOf(own)] as const),
    ...Object.entries(models).map(([name, own]) => [`All callers of ${name} together`, amountsOf(own)] as const),
  ];
  return sentences.filter(([, most]) => most !== '').map(([who, most]) => `${who} may have at most ${most}.`);
}

function amountsOf(settings: LimitSettings): string {
  const amounts = LIMIT_NAMES.flatMap((name) => {
    const most = settings[name];
    return most === undefined || most === null ? [] : [`${most} ${name.replaceAll('_', ' ').replace(/ per /, ' a ')}`];
  });
  return amounts.join(', ');
}

function keepingSentences({ audit, usage, server }: Config): string[] {
  const auditDays = audit.retention_days === null ? 'for ever' : `for ${audit.retention_days} days`;
  return [
    `Keeps the audit trail ${auditDays}, the request log for ${usage.request_log_days} days and the ledger of what was used for ${usage.ledger_days} days; never prompts or answers.`,
    `On SIGTERM lets running answers go on for up to ${server.drain_seconds} seconds.`,
  ];
}
