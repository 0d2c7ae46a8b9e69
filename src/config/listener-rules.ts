import type { Rule } from './rule.js';
import { isEveryAddress, isLoopbackHost, parseListen, type ListenAddress } from './listen.js';
import type { ParsedConfig, TlsConfig } from './schema.js';

/** The rules about listeners and their TLS. */
export const listenerRules: readonly Rule[] = [
  {
    needs: [],
    check(config, report) {
      if (config.listen !== null && config.listeners !== undefined) {
        report(['listen'], 'cannot stand together with `listeners`; write it as `listeners: [{ listen: ... }]`');
      }
    },
  },
  {
    needs: [],
    check(config, report) {
      const addresses = (config.listeners ?? []).map(({ listen }) => parseListen(listen));
      for (const [index, address] of addresses.entries()) {
        const taken = addresses.slice(0, index).some((other) => collide(address, other));
        if (taken) report(['listeners', index, 'listen'], 'takes the address and port of another listener');
      }
    },
  },
  {
    needs: [],
    check(config, report) {
      for (const [index, { profile, serve }] of (config.listeners ?? []).entries()) {
        if (profile === 'openai' || profile === 'skyserve' || serve.every((part) => part === 'api')) continue;
        report(
          ['listeners', index, 'serve'],
          `cannot be chosen with the profile \`${profile}\`, which has its own routes; use another listener`,
        );
      }
    },
  },
  {
    needs: ['tls', 'admin'],
    check(config, report) {
      for (const [index, { listen, serve, ...own }] of (config.listeners ?? []).entries()) {
        const encrypted = effectiveTls(own.tls, config.tls) !== null;
        const host = parseListen(listen)?.host ?? '';
        if (!serve.includes('admin') || encrypted || config.admin.allow_plain_http || isLoopbackHost(host)) continue;
        report(
          ['listeners', index, 'serve'],
          'cannot hold `admin` on an address other machines reach without TLS; set `tls`, listen on 127.0.0.1, or set `admin.allow_plain_http: true`',
        );
      }
    },
  },
  {
    needs: [],
    check(config, report) {
      const sections: [readonly (string | number)[], TlsConfig | null | undefined][] = [
        [['tls'], config.tls],
        ...(config.listeners ?? []).map(
          ({ tls }, index) =>
            [['listeners', index, 'tls'], tls] as [readonly (string | number)[], TlsConfig | null | undefined],
        ),
      ];
      for (const [path, tls] of sections) {
        if (tls === null || tls === undefined) continue;
        if (tls.cert_file !== null && tls.key_file === null)
          report([...path, 'cert_file'], 'needs `key_file` beside it');
        if (tls.key_file !== null && tls.cert_file === null)
          report([...path, 'key_file'], 'needs `cert_file` beside it');
        if (tls.client_ca_file !== null && tls.cert_file === null)
          report([...path, 'client_ca_file'], 'needs `cert_file` and `key_file` beside it');
      }
    },
  },
  {
    needs: [],
    check(config, report) {
      for (const [index, { serve, verify_networks: networks }] of (config.listeners ?? []).entries()) {
        if (networks.length === 0 || serve.every((part) => part === 'verify')) continue;
        report(['listeners', index, 'verify_networks'], 'needs a listener of its own with `serve: [verify]`');
      }
    },
  },
];

/** Whether the second of two listeners would find its address taken. Port 0 never collides. */
function collide(left: ListenAddress | null, right: ListenAddress | null): boolean {
  if (left === null || right === null || left.port !== right.port || left.port === 0) return false;
  const [one, other] = [plainHost(left), plainHost(right)];
  if (one === other || one === '::' || other === '::') return true;
  const sameFamily = one.includes(':') === other.includes(':');
  return sameFamily && (isEveryAddress(one) || isEveryAddress(other));
}

function plainHost({ host }: ListenAddress): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

/** The TLS of a listener: its own, else the shared one; null = plain. */
export function effectiveTls(own: TlsConfig | null | undefined, shared: ParsedConfig['tls']): TlsConfig | null {
  const tls = own === undefined ? shared : own;
  return tls === null || tls.cert_file === null ? null : tls;
}
