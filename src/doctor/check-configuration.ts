import { isIP } from 'node:net';
import type { DoctorFinding } from '../admin/ports.js';
import type { Config, ListenerConfig } from '../config/schema.js';
import type { DoctorFacts } from './facts.js';

/** The configuration: what reading it showed, and every switch that weakens what Keyporter promises. */
export function checkConfiguration({ config, warnings, lastReload }: DoctorFacts): DoctorFinding[] {
  return [
    ...checkReload(lastReload),
    ...warnings.map(fromWarning),
    ...checkListeners(config),
    ...checkSwitches(config),
    ...checkNetworks(config),
    ...checkUpstreamKeys(config),
  ];
}

function fromWarning(finding: string): DoctorFinding {
  return {
    check: 'configuration',
    severity: 'warning',
    finding,
    cure: finding.includes('The key file')
      ? 'Change that file; it is read again as soon as it changes.'
      : 'Change the configuration; `keyporter check` shows what it would do.',
  };
}

function checkReload(lastReload: DoctorFacts['lastReload']): DoctorFinding[] {
  if (lastReload === null || lastReload.ok) return [];
  const finding = `The changed configuration file was not taken up, the one before it runs: ${lastReload.faults.join('; ')}`;
  return [
    {
      check: 'reload_failed',
      severity: 'error',
      finding,
      cure: 'Correct the file; it is read again as soon as it changes. `keyporter check` names every fault.',
    },
  ];
}

function checkListeners({ listeners, admin }: Config): DoctorFinding[] {
  return listeners
    .filter((listener) => listener.tls === null && !isLoopback(hostOf(listener)))
    .map((listener): DoctorFinding => {
      const serves: readonly string[] = listener.serve;
      if (serves.includes('admin') && admin.allow_plain_http) {
        return {
          check: 'admin_plain_http',
          severity: 'error',
          finding: `The admin API and the web interface are served at ${listener.listen} without TLS: admin keys and sessions travel readable.`,
          cure: 'Set `tls`, or serve `admin` on a loopback listener only and take `admin.allow_plain_http` away.',
        };
      }
      if (serves.length === 1 && serves.includes('metrics')) {
        return {
          check: 'metrics_plain_http',
          severity: 'warning',
          finding: `Metrics are served at ${listener.listen} without TLS: the key of the scraper, and numbers about everybody, travel readable.`,
          cure: 'Set `tls`, or serve `metrics` on a loopback listener or in a network of your own, to a key with `metrics:read` alone.',
        };
      }
      return {
        check: 'plain_http',
        severity: 'warning',
        finding: `${listener.listen} is served without TLS: keys and prompts travel readable unless something in front of it encrypts.`,
        cure: 'Set `tls`, or listen on 127.0.0.1 behind a reverse proxy that has a certificate.',
      };
    });
}

/** Each switch that is off by default because it weakens something, and what to do instead. */
function checkSwitches(config: Config): DoctorFinding[] {
  const { auth, authkeys, orchestra, cors, keys } = config;
  const switches: readonly (readonly [boolean, string, string])[] = [
    [
      auth.failures_per_minute === null,
      '`auth.failures_per_minute` is off: nothing slows down the guessing of imported keys.',
      'Set it, for example to 20.',
    ],
    [
      cors.allow_origins.includes('*'),
      '`cors.allow_origins` lets every web page call the API with a key it knows.',
      'Name the origins of your own pages.',
    ],
    [
      keys.max_lifetime === null && keys.default_expires === null && keys.self_service.includes('derive'),
      'Holders may derive keys without an end from keys without an end.',
      'Set `keys.max_lifetime` or `keys.default_expires`.',
    ],
    [authkeys.accept_past_expiry, '`authkeys.accept_past_expiry` takes an expiry in the past.', 'Set it to false.'],
    [
      authkeys.allow_scope_escalation,
      '`authkeys.allow_scope_escalation` lets makers of keys grant more than they hold.',
      'Set it to false.',
    ],
    [
      authkeys.revoke_self_when_target_missing,
      '`authkeys.revoke_self_when_target_missing` revokes the key of the caller when a target is missing.',
      'Set it to false.',
    ],
    [
      authkeys.bootstrap_root_when_empty,
      '`authkeys.bootstrap_root_when_empty` gives the first caller all rights when no key exists.',
      'Set it to false once the first key is made.',
    ],
    [orchestra.allow_open, '`orchestra.allow_open` lets callers in without a key.', 'Set it to false.'],
    [orchestra.open_status, '`orchestra.open_status` shows the state of the workers to everyone.', 'Set it to false.'],
  ];
  return switches
    .filter(([on]) => on)
    .map(([, finding, cure]) => ({ check: 'weakening_switch', severity: 'warning', finding, cure }));
}

function checkNetworks(config: Config): DoctorFinding[] {
  const { auth, trusted_proxies: proxies } = config;
  const findings: DoctorFinding[] = [];
  if (auth.local_networks.length > 0) {
    const everyone = auth.local_networks.some(isEveryone);
    findings.push({
      check: 'local_networks',
      severity: everyone ? 'error' : 'warning',
      finding: `Clients from ${auth.local_networks.join(', ')} need no key and may use ${auth.local_scopes.join(', ')}.`,
      cure: 'Take `auth.local_networks` away and give those clients keys, or keep it to 127.0.0.1/32.',
    });
  }
  if (proxies.some(isEveryone)) {
    findings.push({
      check: 'trusted_proxies',
      severity: 'error',
      finding: '`trusted_proxies` believes everyone: any client may claim any address.',
      cure: 'Name the addresses of your own reverse proxies only.',
    });
  }
  return [...findings, ...checkPublicUrl(config)];
}

/** What the public name says about the way in front, and what that way needs. */
function checkPublicUrl({ public_url: url, trusted_proxies: proxies, listeners }: Config): DoctorFinding[] {
  if (url === null || isLoopback(new URL(url).hostname)) return [];
  const findings: DoctorFinding[] = [];
  if (url.startsWith('http://'))
    findings.push({
      check: 'public_url_plain',
      severity: 'warning',
      finding: `\`public_url\` is ${url}: keys, prompts and links to the web interface travel readable.`,
      cure: 'Give the reverse proxy or Keyporter (`tls`) a certificate, and write https.',
    });
  if (proxies.length === 0 && listeners.every((listener) => isLoopback(hostOf(listener))))
    findings.push({
      check: 'proxy_not_trusted',
      severity: 'warning',
      finding:
        'Clients come by `public_url` to a loopback listener, so through a proxy, and `trusted_proxies` is empty: all of them seem to have its address.',
      cure: 'Set `trusted_proxies: [127.0.0.1/32]`, or the address of the proxy, so that limits on addresses and failed attempts see the client.',
    });
  return findings;
}

/** Keys of model servers that cross a network readable. */
function checkUpstreamKeys({ upstreams, models }: Config): DoctorFinding[] {
  const replicas = Object.values(models).flatMap((model) => model.replicas);
  const servers = [
    ...upstreams,
    ...replicas.map(({ url, dns, port, api_key }) => ({ api_key, url: url ?? `http://${dns}:${port}` })),
  ];
  const urls = new Set(servers.filter(({ api_key: apiKey }) => apiKey !== null).map(({ url }) => url));
  const readable = [...urls].filter((url) => url.startsWith('http://') && !isLoopback(new URL(url).hostname));
  return readable.map((url) => ({
    check: 'upstream_plain_http',
    severity: 'warning',
    finding: `The key of ${url} travels readable over the network.`,
    cure: 'Serve the model server with TLS and write https in its URL, or reach it through an encrypted network.',
  }));
}

function hostOf({ listen }: ListenerConfig): string {
  return listen.slice(0, listen.lastIndexOf(':'));
}

function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').toLowerCase();
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** Networks so wide that they hold about everyone. */
function isEveryone(network: string): boolean {
  const [, bits] = network.split('/');
  return bits !== undefined && Number(bits) < 4;
}
