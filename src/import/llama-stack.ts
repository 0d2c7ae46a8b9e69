import { addressOf } from './address.js';
import { isObject, objectAt, Verdicts, type Reading } from './reading.js';
import { corsOf } from './llama-stack-cors.js';
import { quotaLimits } from './llama-stack-quota.js';
import { providerOf } from './llama-stack-provider.js';

/** True for `run.yaml` or `config.yaml` of Llama Stack or OGX. */
export function isLlamaStack(root: Readonly<Record<string, unknown>>): boolean {
  return (
    ('image_name' in root || 'distro_name' in root || 'apis' in root || isObject(root['server'])) &&
    ('providers' in root || isObject(root['server'])) &&
    !('model_list' in root)
  );
}

const OF_AUTH = ['endpoint', 'provider_type', 'config', 'provider_config', 'route_policy', 'access_policy'];
const OF_SERVER = ['port', 'host', 'auth', 'tls_certfile', 'tls_keyfile', 'tls_cafile', 'quota', 'cors'];

/** Reads the front door and the model servers of a Llama Stack; keys lie at the service it delegates to. */
export function readLlamaStack(root: Record<string, unknown>): Reading {
  const verdicts = new Verdicts();
  const server = withReferences(objectAt(root, 'server')) as Record<string, unknown>;
  const auth = objectAt(server, 'auth');
  const listener = listenerOf(server, verdicts);
  const provider = Object.keys(auth).length === 0 ? null : providerOf(auth, verdicts);
  const policy = Array.isArray(auth['route_policy']) ? { route_policy: auth['route_policy'] as unknown[] } : {};
  if ('route_policy' in policy) verdicts.taken('server.auth.route_policy', 'the same rules, in the same order');
  if (Array.isArray(auth['access_policy']))
    verdicts.refused(
      'server.auth.access_policy',
      'the gateway does not see resources; bound models by the patterns of keys',
    );
  const limits = quotaLimits(server['quota'], { isOpen: provider === null, verdicts });
  const cors = corsOf(server['cors'], verdicts);
  verdicts.refuseUnknown(server, OF_SERVER, 'server.');
  verdicts.refuseUnknown(auth, OF_AUTH, 'server.auth.');
  const upstreams = upstreamsOf(withReferences(objectAt(root, 'providers')) as Record<string, unknown>, verdicts);
  for (const name of Object.keys(root))
    if (!['server', 'providers', 'version'].includes(name))
      verdicts.refused(name, 'concerns the stack itself, which goes on running');
  const door = { ...(provider === null ? {} : { providers: [provider] }), ...policy };
  return {
    format: 'Llama Stack configuration',
    fields: verdicts.fields,
    keys: [],
    configuration: {
      listeners: [listener],
      ...(Object.keys(door).length === 0 ? {} : { auth: door }),
      ...(upstreams.length === 0 ? {} : { upstreams }),
      ...(cors === null ? {} : { cors }),
      ...(limits === null ? {} : { limits }),
    },
    advice: ['Let the stack itself listen on another port: here Keyporter takes its place.'],
  };
}

function listenerOf(server: Record<string, unknown>, verdicts: Verdicts): Record<string, unknown> {
  const { port, host, tls_certfile: cert, tls_keyfile: key, tls_cafile: ca } = server;
  if (port !== undefined) verdicts.taken('server.port', 'port of the listener');
  if (host !== undefined) verdicts.taken('server.host', 'address of the listener');
  const name = typeof host === 'string' ? host : '127.0.0.1';
  const listen = `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${typeof port === 'number' || typeof port === 'string' ? port : 8321}`;
  const listener = { listen, profile: 'llama-stack' };
  if (typeof cert !== 'string' || typeof key !== 'string') {
    for (const name of ['tls_certfile', 'tls_keyfile', 'tls_cafile'])
      if (server[name] !== undefined)
        verdicts.refused(`server.${name}`, 'a certificate needs both tls_certfile and tls_keyfile');
    return listener;
  }
  verdicts.taken('server.tls_certfile, server.tls_keyfile', 'certificate of the listener');
  return {
    ...listener,
    tls: { cert_file: cert, key_file: key, ...(typeof ca === 'string' ? { client_ca_file: ca } : {}) },
  };
}

function upstreamsOf(providers: Record<string, unknown>, verdicts: Verdicts): { url: string; api_key?: string }[] {
  const inference: readonly unknown[] = Array.isArray(providers['inference']) ? providers['inference'] : [];
  const found = inference.flatMap((entry, index) => {
    const config = isObject(entry) ? objectAt(entry, 'config') : {};
    const field = `providers.inference[${index}]`;
    const url = config['base_url'] ?? config['url'];
    const key = config['api_key'] ?? config['api_token'];
    if (typeof url !== 'string') {
      verdicts.refused(field, 'has no URL of a model server');
      return [];
    }
    const taken = 'a model server whose models are offered';
    const bare = addressOf(url, { field: `${field}.config.url`, taken, verdicts });
    if (bare === null) return [];
    verdicts.refuseUnknown(config, ['url', 'base_url', 'api_key', 'api_token'], `${field}.config.`);
    if (typeof key !== 'string' || key === '' || key === 'fake') return [{ url: bare }];
    const reference = /^\$\{([A-Za-z_]\w*)(?::-(?:fake)?)?\}$/.exec(key);
    if (reference !== null) {
      verdicts.taken(`${field}.config key`, 'a reference to the environment');
      return [{ url: bare, api_key: key }];
    }
    verdicts.refused(
      `${field}.config key`,
      'its value is not copied; put it into `api_key` as ${NAME} or ${file:PATH}',
    );
    return [{ url: bare }];
  });
  for (const name of Object.keys(providers))
    if (name !== 'inference') verdicts.refused(`providers.${name}`, 'concerns the stack itself');
  return found.filter(({ url }, index) => found.findIndex((other) => other.url === url) === index);
}

/** `\${env.NAME:=default}` in our spelling. */
function withReferences(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replaceAll(
      /\$\{env\.([A-Za-z_]\w*)(?::[=+]?([^}]*))?\}/g,
      (whole: string, name: string, usual?: string) =>
        whole.includes(':+') ? '' : usual === undefined ? `\${${name}}` : `\${${name}:-${usual}}`,
    );
  if (Array.isArray(value)) return value.map(withReferences);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withReferences(member)]));
}
