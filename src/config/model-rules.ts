import { hostname, networkInterfaces } from 'node:os';
import type { Path } from './faults.js';
import { DEFAULT_LISTEN, isEveryAddress, isLoopbackHost, parseListen, type ListenAddress } from './listen.js';
import type { Rule } from './rule.js';
import type { ParsedConfig } from './schema.js';

/** The rules about models, their names and where they are served. */
export const modelRules: readonly Rule[] = [
  {
    needs: [],
    check({ models }, report) {
      const owners = new Map<string, string>();
      for (const [name, { aliases }] of Object.entries(models)) {
        for (const [index, alias] of aliases.entries()) {
          const earlier = owners.get(alias);
          if (alias === '*')
            report(
              ['models', name, 'aliases', index],
              'cannot be `*`; configure a model named `"*"` to pass any other name on',
            );
          else if (Object.hasOwn(models, alias))
            report(['models', name, 'aliases', index], `is the name of a model itself: ${shown(alias)}`);
          else if (earlier !== undefined && earlier !== name)
            report(['models', name, 'aliases', index], `is also an alias of the model ${shown(earlier)}`);
          owners.set(alias, name);
        }
      }
    },
  },
  {
    needs: [],
    check({ models }, report) {
      if ((models['*']?.aliases.length ?? 0) > 0)
        report(['models', '*', 'aliases'], 'cannot be given: `"*"` already stands for any other name');
    },
  },
  {
    needs: ['models', 'upstreams', 'default_model'],
    check({ default_model: name, models, upstreams }, report) {
      if (name === '*') return report(['default_model'], 'must be the name of one model');
      const mayBeFound = upstreams.length > 0 || Object.hasOwn(models, '*') || Object.keys(models).length === 0;
      if (name === null || mayBeFound || Object.hasOwn(models, name)) return;
      if (Object.values(models).some(({ aliases }) => aliases.includes(name))) return;
      report(
        ['default_model'],
        `names no configured model or alias; known are ${Object.keys(models).slice(0, 10).map(shown).join(', ')}`,
      );
    },
  },
  {
    needs: ['default_model'],
    check(config, report) {
      if (config.unknown_model === 'default' && config.default_model === null)
        report(['unknown_model'], 'can be `default` only when `default_model` is set');
    },
  },
  {
    needs: [],
    check({ upstreams }, report) {
      for (const [index, { url }] of upstreams.entries()) {
        if (upstreams.findIndex((other) => other.url === url) < index)
          report(['upstreams', index, 'url'], 'is the same server as an earlier entry');
      }
    },
  },
  {
    needs: ['models'],
    check({ models }, report) {
      for (const [name, { replicas }] of Object.entries(models)) {
        for (const [index, replica] of replicas.entries()) {
          const fault = placeFault(replica);
          if (fault !== null) report(['models', name, 'replicas', index], fault);
          if (replica.url !== null && replicas.findIndex(({ url }) => url === replica.url) < index)
            report(['models', name, 'replicas', index, 'url'], 'is the same server as an earlier entry');
        }
      }
    },
  },
  {
    needs: [],
    check(config, report) {
      const own = ownAddresses(config);
      for (const [path, url] of targetsOf(config)) {
        if (leadsBack(new URL(url), own)) report(path, 'leads back to this gateway; name the model server itself');
      }
    },
  },
];

/** A replica stands at one URL, or at every address of one name. */
function placeFault({
  url,
  dns,
  port,
  ca_file: caFile,
}: ParsedConfig['models'][string]['replicas'][number]): string | null {
  if (url === null && dns === null) return 'must have a `url`, or `dns` and `port`';
  if (url !== null && (dns !== null || port !== null)) return 'must have either a `url` or `dns` and `port`, not both';
  if (dns !== null && port === null) return 'must have a `port` beside `dns`';
  return dns !== null && caFile !== null
    ? 'cannot have a `ca_file` beside `dns`: those replicas are spoken to over plain HTTP'
    : null;
}

function shown(name: string): string {
  return `\`${name}\``;
}

function* targetsOf({ upstreams, models }: ParsedConfig): Generator<[Path, string]> {
  for (const [index, { url }] of upstreams.entries()) yield [['upstreams', index, 'url'], url];
  for (const [name, { replicas, paths }] of Object.entries(models)) {
    for (const [index, { url }] of replicas.entries()) {
      if (url !== null) yield [['models', name, 'replicas', index, 'url'], url];
    }
    for (const [path, url] of Object.entries(paths)) yield [['models', name, 'paths', path], url];
  }
}

interface OwnAddresses {
  listening: readonly ListenAddress[];
  /** `host:port` of `public_url`. */
  publicHost: string | null;
}

function ownAddresses({ listen, listeners, public_url: publicUrl }: ParsedConfig): OwnAddresses {
  const texts = listeners?.map((listener) => listener.listen) ?? [listen ?? DEFAULT_LISTEN];
  const publicAddress = publicUrl === null ? null : new URL(publicUrl);
  return {
    listening: texts.map(parseListen).filter((address) => address !== null),
    publicHost: publicAddress === null ? null : `${publicAddress.hostname}:${portOf(publicAddress)}`,
  };
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function leadsBack(url: URL, { listening, publicHost }: OwnAddresses): boolean {
  if (`${url.hostname}:${portOf(url)}` === publicHost) return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return listening.some((address) => address.port === portOf(url) && reaches(host, address.host));
}

/** Whether connecting to `host` on this machine arrives at a listener on `listening`. */
function reaches(host: string, listening: string): boolean {
  if (host === listening) return true;
  if (isLoopbackHost(host))
    return (
      isEveryAddress(listening) || ((host === 'localhost' || listening === 'localhost') && isLoopbackHost(listening))
    );
  return isEveryAddress(listening) && isThisMachine(host);
}

function isThisMachine(host: string): boolean {
  if (host === hostname().toLowerCase()) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}
