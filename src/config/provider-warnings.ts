import { parsePathPattern } from '../core/route-rule.js';
import { isLoopbackHost } from './listen.js';
import type { Config } from './schema.js';

type ProviderConfig = Config['auth']['providers'][number];

/** A sentence for everything about providers and route rules that lets in more than the usual settings do. */
export function providerWarnings({ auth, trusted_proxies: proxies }: Config): string[] {
  return [
    ...auth.providers.flatMap((provider) => aboutProvider(provider, proxies)),
    ...auth.route_policy.flatMap(({ permit, forbid }) => aboutPatterns(permit?.paths ?? [], forbid?.paths ?? [])),
  ];
}

function aboutProvider(provider: ProviderConfig, proxies: readonly string[]): string[] {
  const name = `The provider ${provider.name ?? provider.type}`;
  const warnings: string[] = [];
  for (const url of [
    provider.endpoint,
    provider.jwks_uri,
    provider.url,
    provider.github_api_base_url,
    provider.api_server_url,
  ]) {
    if (url !== undefined && isReadable(url))
      warnings.push(
        `${name} has allow_plain_http: credentials, or the keys they are checked with, travel readable to ${new URL(url).host}.`,
      );
  }
  if (provider.contract === 'llama-stack-1626')
    warnings.push(
      `${name} has the contract llama-stack-1626: any 200 of the endpoint lets a caller in, whatever it says, and the authorization header is sent along.`,
    );
  if (provider.outage_status === 401 && provider.contract === 'ogx')
    warnings.push(`${name} has outage_status 401: clients will take an outage for a wrong key.`);
  if (provider.type === 'github_token' && (provider.scopes_from === undefined || provider.scopes !== undefined))
    warnings.push(
      `${name} lets everybody in who has a GitHub account; \`scopes_from\` with \`organizations\` narrows it down.`,
    );
  if (provider.type === 'upstream_header')
    warnings.push(
      `${name} believes ${proxies.join(', ')} about who calls: the proxy must set ${provider.principal_header ?? 'the header'} itself on every request, and nobody else may reach us from there.`,
    );
  return warnings;
}

function isReadable(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
}

function aboutPatterns(permitted: readonly string[], forbidden: readonly string[]): string[] {
  const unusable = (pattern: string): boolean => parsePathPattern(pattern) === null;
  return [
    ...permitted
      .filter(unusable)
      .map(
        (pattern) => `auth.route_policy has the pattern "${pattern}", which cannot be used: it lets nothing through.`,
      ),
    ...forbidden
      .filter(unusable)
      .map(
        (pattern) =>
          `auth.route_policy has the pattern "${pattern}", which cannot be used: its rule forbids every path.`,
      ),
  ];
}
