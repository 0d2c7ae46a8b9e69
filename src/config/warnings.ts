import { authkeysWarnings } from './authkeys-warnings.js';
import { isEveryAddress, isLoopbackHost, parseListen } from './listen.js';
import { limitWarnings } from './limit-warnings.js';
import { providerWarnings } from './provider-warnings.js';
import type { Config } from './schema.js';

/** A sentence for every switch that is on and makes the gateway weaker than it comes, and for limits that bind nobody. */
export function warningsFor(config: Config): string[] {
  return [
    ...listenerWarnings(config),
    ...orchestraWarnings(config),
    ...doorWarnings(config),
    ...authkeysWarnings(config),
    ...providerWarnings(config),
    ...limitWarnings(config),
  ];
}

function listenerWarnings({ listeners, admin }: Config): string[] {
  const warnings: string[] = [];
  if (admin.allow_plain_http) {
    warnings.push(
      'admin.allow_plain_http is on: where the admin API is served without TLS, admin keys travel readable.',
    );
  }
  for (const { listen, verify_networks: networks } of listeners) {
    if (networks.length === 0) continue;
    warnings.push(
      `verify_networks of the listener on ${listen} is set: programs from ${networks.join(', ')} may ask about keys without one of their own.`,
    );
  }
  for (const { listen, tls } of listeners) {
    const host = parseListen(listen)?.host ?? '';
    if (tls !== null || isLoopbackHost(host)) continue;
    const reach = isEveryAddress(host) ? 'every network of this machine' : `the network of ${host}`;
    warnings.push(
      `The listener on ${listen} is open to ${reach} without TLS: keys, prompts and answers travel readable.`,
    );
  }
  return warnings;
}

function orchestraWarnings({ listeners, orchestra }: Config): string[] {
  const isServed = listeners.some(({ profile }) => profile === 'orchestra');
  const warnings: string[] = [];
  if (isServed && orchestra.allow_open)
    warnings.push('orchestra.allow_open is on: the key file may let everybody use POST /infer without a key.');
  if (isServed && orchestra.open_status)
    warnings.push('orchestra.open_status is on: /status and /metrics show the workers to everybody.');
  return warnings;
}

function doorWarnings({
  auth,
  cors,
  trusted_proxies: proxies,
  identity_headers: identityHeaders,
  models,
  upstreams,
  keys,
}: Config): string[] {
  const warnings: string[] = [];
  if (auth.local_networks.length > 0) {
    warnings.push(
      `auth.local_networks is set: clients from ${auth.local_networks.join(', ')} need no key and may do ${auth.local_scopes.join(', ')}.`,
    );
  }
  if (auth.failures_per_minute === null)
    warnings.push('auth.failures_per_minute is null: nobody is slowed down while guessing keys.');
  if (proxies.some((network) => network.endsWith('/0')))
    warnings.push('trusted_proxies holds every address: any client can claim to be another one.');
  if (cors.allow_origins.includes('*'))
    warnings.push('cors.allow_origins is "*": any web page may call the API with a key it knows.');
  if (keys.default_scopes.some((scope) => scope !== 'infer' && !scope.startsWith('infer:'))) {
    warnings.push(`keys.default_scopes gives new keys more than inference: ${keys.default_scopes.join(', ')}.`);
  }
  const plain = [
    ...upstreams.map(({ url }) => url),
    ...Object.values(models).flatMap(({ replicas }) =>
      replicas.map(({ url, dns, port }) => url ?? `http://${dns}:${port}`),
    ),
  ].filter(isPlainElsewhere);
  for (const [name, { media_urls: mediaUrls }] of Object.entries(models)) {
    if (mediaUrls === 'any')
      warnings.push(`media_urls of ${name} is "any": callers can make its engine fetch from any place it reaches.`);
  }
  if (identityHeaders && plain.length > 0)
    warnings.push(`identity_headers is on and who is calling travels readable to ${[...new Set(plain)].join(', ')}.`);
  return warnings;
}

function isPlainElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
}
