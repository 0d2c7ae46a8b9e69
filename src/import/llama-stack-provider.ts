import { addressOf } from './address.js';
import { isObject, objectAt, type Verdicts } from './reading.js';

type Provider = Record<string, unknown>;

/** The provider of a `server.auth` section of any generation; null when none corresponds. */
export function providerOf(auth: Record<string, unknown>, verdicts: Verdicts): Provider | null {
  if (typeof auth['endpoint'] === 'string') {
    const taken =
      'delegated authentication in the form of the first generation, which sends the authorization header along';
    const endpoint = addressOf(auth['endpoint'], { field: 'server.auth.endpoint', taken, verdicts });
    if (endpoint === null) return null;
    return { type: 'delegated', endpoint, contract: 'llama-stack-1626' };
  }
  const config = isObject(auth['provider_config']) ? auth['provider_config'] : objectAt(auth, 'config');
  const type = isObject(auth['provider_config']) ? config['type'] : auth['provider_type'];
  const field = isObject(auth['provider_config']) ? 'server.auth.provider_config' : 'server.auth.config';
  if (type === undefined) return null;
  const name = typeof type === 'string' && Object.hasOwn(TYPES, type) ? type : null;
  const provider = name === null ? null : (TYPES[name]?.(config, { field, verdicts }) ?? null);
  verdicts.refuseUnknown(config, name === null ? ['type'] : (KNOWN[name] ?? []), `${field}.`);
  if (provider === null) verdicts.refused(field, 'is no provider that Keyporter knows, or lacks what it needs');
  else verdicts.taken(field, `provider of type ${String(provider['type'])}`);
  return provider;
}

/** Members of a provider that a verdict speaks of, or that need none. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  custom: ['type', 'endpoint'],
  github_token: ['type', 'github_api_base_url', 'claims_mapping'],
  kubernetes: ['type', 'api_server_url', 'ca_cert_path', 'tls_cafile', 'verify_tls', 'claims_mapping'],
  upstream_header: ['type', 'principal_header', 'attributes_header'],
  oauth2_token: [
    'type',
    'introspection',
    'jwks',
    'jwks_uri',
    'key_recheck_period',
    'cache_ttl',
    'issuer',
    'audience',
    'verify_tls',
    'tls_cafile',
    'ca_cert_path',
    'claims_mapping',
  ],
};

interface Around {
  field: string;
  verdicts: Verdicts;
}

const TYPES: Readonly<Record<string, (config: Record<string, unknown>, around: Around) => Provider | null>> = {
  custom: (config, { field, verdicts }) => {
    const endpoint = urlIn(config, 'endpoint', { field, verdicts });
    return endpoint === null ? null : { type: 'delegated', endpoint, contract: 'ogx' };
  },
  github_token: (config) => ({ type: 'github_token', ...textsIn(config, ['github_api_base_url']), ...claims(config) }),
  kubernetes: (config, around) => {
    unsafe(config, around);
    return { type: 'kubernetes', ...textsIn(config, ['api_server_url']), ...authority(config), ...claims(config) };
  },
  upstream_header: (config, { field, verdicts }) => {
    verdicts.approximated(field, 'headers are believed only from trusted_proxies; name the proxy there');
    return typeof config['principal_header'] === 'string'
      ? { type: 'upstream_header', ...textsIn(config, ['principal_header', 'attributes_header']) }
      : null;
  },
  oauth2_token: oauth,
};

function oauth(config: Record<string, unknown>, around: Around): Provider | null {
  unsafe(config, around);
  const { field, verdicts } = around;
  const introspection = objectAt(config, 'introspection');
  if (introspection['url'] !== undefined) {
    const url = urlIn(introspection, 'url', { field: `${field}.introspection`, verdicts });
    if (url === null) return null;
    const secret = introspection['client_secret'];
    const isReference = typeof secret === 'string' && /^\$\{[A-Za-z_]\w*\}$/.test(secret);
    if (!isReference)
      verdicts.refused(
        `${field}.introspection.client_secret`,
        'its value is not copied; set INTROSPECTION_SECRET in the environment',
      );
    return {
      type: 'introspection',
      url,
      ...textsIn(introspection, ['client_id']),
      client_secret: isReference ? secret : '${INTROSPECTION_SECRET}',
      ...authority(config),
      ...claims(config),
    };
  }
  const keys = objectAt(config, 'jwks');
  const written = keys['uri'] ?? (typeof config['jwks'] === 'string' ? config['jwks'] : config['jwks_uri']);
  const uri =
    typeof written === 'string' ? addressOf(written, { field: `${field}.jwks.uri`, taken: null, verdicts }) : null;
  if (uri === null) return null;
  verdicts.refuseUnknown(keys, ['uri', 'key_recheck_period'], `${field}.jwks.`);
  if (keys['key_recheck_period'] !== undefined || config['cache_ttl'] !== undefined)
    verdicts.refused(`${field}.key_recheck_period`, 'keys are fetched again when one is not known');
  if (config['issuer'] === undefined)
    verdicts.approximated(`${field}.issuer`, 'is not there and must be: put the issuer of your tokens in its place');
  const issuer = typeof config['issuer'] === 'string' ? config['issuer'] : 'https://issuer.example.com';
  const audience = typeof config['audience'] === 'string' ? config['audience'] : 'llama-stack';
  return { type: 'jwt', issuer, audience, jwks_uri: uri, ...authority(config), ...claims(config) };
}

function urlIn(config: Record<string, unknown>, name: string, { field, verdicts }: Around): string | null {
  const value = config[name];
  return typeof value === 'string' ? addressOf(value, { field: `${field}.${name}`, taken: null, verdicts }) : null;
}

function unsafe(config: Record<string, unknown>, { field, verdicts }: Around): void {
  if (config['verify_tls'] === false)
    verdicts.refused(`${field}.verify_tls`, 'certificates are always verified; name the authority in ca_file');
}

function authority(config: Record<string, unknown>): Provider {
  const file = config['tls_cafile'] ?? config['ca_cert_path'];
  return typeof file === 'string' ? { ca_file: file } : {};
}

function claims(config: Record<string, unknown>): Provider {
  return isObject(config['claims_mapping']) ? { claims_mapping: config['claims_mapping'] } : {};
}

function textsIn(config: Record<string, unknown>, names: readonly string[]): Provider {
  return Object.fromEntries(names.flatMap((name) => (typeof config[name] === 'string' ? [[name, config[name]]] : [])));
}
