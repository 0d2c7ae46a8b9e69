import { isLoopbackHost } from './listen.js';
import type { Rule } from './rule.js';
import type { ParsedConfig } from './schema.js';

type ProviderMembers = ParsedConfig['auth']['providers'][number];
type Name = keyof ProviderMembers;

interface Members {
  needs: readonly Name[];
  may: readonly Name[];
}

const OF_TYPE: Readonly<Record<ProviderMembers['type'], Members>> = {
  delegated: { needs: ['endpoint', 'contract'], may: ['outage_status', 'ca_file'] },
  jwt: { needs: ['issuer', 'audience', 'jwks_uri'], may: ['jwks_token', 'claims_mapping', 'ca_file'] },
  introspection: { needs: ['url', 'client_id', 'client_secret'], may: ['claims_mapping', 'ca_file'] },
  github_token: { needs: [], may: ['github_api_base_url', 'claims_mapping', 'ca_file'] },
  kubernetes: { needs: [], may: ['api_server_url', 'claims_mapping', 'ca_file'] },
  upstream_header: { needs: ['principal_header'], may: ['attributes_header'] },
};

const OF_EVERY_TYPE = new Set<Name>([
  'type',
  'name',
  'timeout_ms',
  'cache_seconds',
  'allow_plain_http',
  'algorithms',
  'scopes',
  'owner_from',
  'scopes_from',
]);

const URLS = ['endpoint', 'jwks_uri', 'url', 'github_api_base_url', 'api_server_url'] as const;

/** The rules about who else may vouch for a caller. */
export const providerRules: readonly Rule[] = [
  {
    needs: ['auth', 'trusted_proxies'],
    check({ auth, trusted_proxies: proxies }, report) {
      const names = auth.providers.map((provider) => provider.name ?? provider.type);
      for (const [index, provider] of auth.providers.entries()) {
        const at = ['auth', 'providers', index];
        const { needs, may } = OF_TYPE[provider.type];
        const allowed = new Set([...needs, ...may]);
        for (const member of needs)
          if (provider[member] === undefined) report([...at, member], `is missing: \`${provider.type}\` needs it`);
        for (const member of Object.keys(provider) as Name[]) {
          if (provider[member] !== undefined && !OF_EVERY_TYPE.has(member) && !allowed.has(member))
            report([...at, member], `does not belong to \`${provider.type}\``);
        }
        if (names.indexOf(names[index] ?? '') !== index)
          report(at, 'needs a `name` of its own: another provider has this one');
        if (provider.type === 'upstream_header' && proxies.length === 0)
          report(at, 'needs `trusted_proxies`: from anybody else the header would be believed');
        for (const member of URLS) if (isUnsafe(provider[member], provider)) report([...at, member], UNSAFE);
      }
    },
  },
];

const UNSAFE =
  'must be an https URL without a user name, or http on this machine; `allow_plain_http: true` lets credentials travel readable';

function isUnsafe(text: string | undefined, { allow_plain_http: plain }: ProviderMembers): boolean {
  if (text === undefined) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return true;
  return url.protocol === 'http:' && !plain && !isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''));
}
