import type { Config } from '../../config/schema.js';
import type { AddressRanges } from '../../core/address.js';
import type { Clock } from '../../core/clock.js';
import type { Secret } from '../../core/secret.js';
import type { Ask } from './ask.js';
import { createDelegated } from './delegated.js';
import { createGithubToken } from './github-token.js';
import { createIntrospection } from './introspection.js';
import { createJwt } from './jwt.js';
import { createKubernetes } from './kubernetes.js';
import type { Provider } from './provider.js';
import { createUpstreamHeader } from './upstream-header.js';

export type ProviderConfig = Config['auth']['providers'][number];

export interface ProviderParts {
  ask: Ask;
  clock: Clock;
  /** The proxies that may speak for others. */
  trusted: AddressRanges;
  installationId: string;
}

/** A configured provider. The rules of the configuration have seen to it that what its type needs is there. */
export function createProvider(config: ProviderConfig, parts: ProviderParts): Provider {
  const usual = {
    name: config.name ?? config.type,
    timeoutMs: config.timeout_ms,
    cacheSeconds: config.cache_seconds,
    caFile: config.ca_file ?? null,
    claimsMapping: config.claims_mapping,
  };
  switch (config.type) {
    case 'delegated': {
      const contract = needed(config.contract);
      const outageStatus = config.outage_status ?? (contract === 'ogx' ? 503 : 401);
      return createDelegated(
        { ...usual, endpoint: needed(config.endpoint), contract, outageStatus, installationId: parts.installationId },
        parts,
      );
    }
    case 'jwt':
      return createJwt(
        {
          ...usual,
          issuer: needed(config.issuer),
          audience: needed(config.audience),
          algorithms: config.algorithms,
          keySet: { ...usual, uri: needed(config.jwks_uri), token: revealed(config.jwks_token) },
        },
        parts,
      );
    case 'introspection':
      return createIntrospection(
        {
          ...usual,
          url: needed(config.url),
          clientId: needed(config.client_id),
          clientSecret: needed(config.client_secret),
        },
        parts,
      );
    case 'github_token':
      return createGithubToken(
        { ...usual, apiBaseUrl: base(config.github_api_base_url ?? 'https://api.github.com') },
        parts,
      );
    case 'kubernetes':
      return createKubernetes(
        { ...usual, apiServerUrl: base(config.api_server_url ?? 'https://kubernetes.default.svc') },
        parts,
      );
    case 'upstream_header':
      return createUpstreamHeader({
        name: usual.name,
        principalHeader: needed(config.principal_header),
        attributesHeader: config.attributes_header ?? null,
        trusted: parts.trusted,
      });
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the configuration let a provider through that lacks a member it needs');
  return value;
}

function base(url: string): string {
  return url.replace(/\/+$/, '');
}

function revealed(secret: Secret | undefined): string | null {
  return secret === undefined ? null : secret.reveal();
}
