import { describe, expect, it } from 'vitest';
import { configSchema, type Config } from '../config/schema.js';
import { runChecks } from './checks.js';
import type { DoctorFacts, HostFacts, KeyFacts, ProcessFacts } from './facts.js';

const NOW_MS = Date.parse('2026-11-22T00:00:00Z');
const NOW = NOW_MS / 1000;

function configOf(entry: object = {}): Config {
  const { listen: _, listeners, ...parsed } = configSchema.parse(entry);
  const own = (listeners ?? [
    { listen: '127.0.0.1:5390', serve: ['api', 'admin'] as const, profile: 'openai' as const },
  ]) as unknown as Config['listeners'];
  return { ...parsed, listeners: own.map((listener) => ({ ...listener, tls: listener.tls ?? null })) };
}

const HOST: HostFacts = {
  nodeVersion: '24.21.0',
  userId: 1000,
  openFiles: 1_048_576,
  nowMs: NOW_MS,
  configFile: { path: '/etc/keyporter.yaml', mode: 0o640, ownerId: 0 },
  dataDirectory: {
    path: '/data',
    mode: 0o700,
    ownerId: 1000,
    freeBytes: 1e12,
    files: [{ path: '/data/keyporter.db', mode: 0o644, ownerId: 1000 }],
  },
  certificates: [
    {
      file: '/cert.pem',
      validUntilMs: NOW_MS + 90 * 86_400_000,
      key: { path: '/key.pem', mode: 0o600, ownerId: 1000 },
    },
  ],
};

function keysOf(entry: Partial<KeyFacts>): KeyFacts {
  const none = { admins: [], endless: [], unused: [], expiring: [], owners: [] };
  return { active: 1, ...none, newestChangeAt: NOW, ...entry };
}

const PROCESS: ProcessFacts = {
  id: 'm-0',
  condition: 'ready',
  url: 'http://127.0.0.1:9100',
  detail: null,
  answersWithoutKey: false,
  publicAt: [],
};

const GOOD: DoctorFacts = {
  host: HOST,
  config: configOf(),
  warnings: [],
  gatewayRuns: true,
  upstreams: [
    {
      url: 'http://127.0.0.1:8080',
      state: 'up',
      engine: 'llama.cpp',
      detail: null,
      models: ['m'],
      answersWithoutKey: true,
    },
  ],
  exposed: [],
  processes: [PROCESS],
  keys: keysOf({ active: 2, admins: ['root'] }),
  audit: { intact: true, entries: 3, brokenAt: null, head: 'a', notProven: [] },
  store: { journalMode: 'wal', synchronous: 2 },
  requestLogDropped: 0,
  ledger: { waiting: 0, dropped: 0 },
  lastReload: { ok: true, faults: [] },
};

function withHost(host: Partial<HostFacts>): Partial<DoctorFacts> {
  return { host: { ...HOST, ...host } };
}

function withConfig(entry: object): Partial<DoctorFacts> {
  return { config: configOf(entry) };
}

function withDirectory(entry: object): Partial<DoctorFacts> {
  return HOST.dataDirectory === null ? {} : withHost({ dataDirectory: { ...HOST.dataDirectory, ...entry } });
}

const down = {
  url: 'http://127.0.0.1:8080',
  state: 'down' as const,
  engine: 'unknown' as const,
  detail: 'refuses connections',
  models: [],
  answersWithoutKey: false,
};

it('a healthy installation has no findings', () => {
  expect(runChecks(GOOD)).toEqual([]);
});

describe('each misconfiguration is named with its cure', () => {
  it.each<[string, Partial<DoctorFacts>, string]>([
    ['gateway_down', { gatewayRuns: false, upstreams: [], processes: [] }, 'warning'],
    ['engine_exposed', { exposed: [{ finding: 'vLLM is open.', cure: 'Close it.' }] }, 'error'],
    ['upstream_down', { upstreams: [...GOOD.upstreams, down] }, 'warning'],
    ['no_model_server', { upstreams: [], processes: [] }, 'warning'],
    [
      'upstream_key',
      { upstreams: [{ ...down, state: 'up', detail: 'wants a key: set `api_key` of this upstream' }] },
      'warning',
    ],
    [
      'upstream_models',
      { upstreams: [{ ...down, state: 'up', detail: 'lists 2 more models whose names cannot be used' }] },
      'warning',
    ],
    [
      'process_probe',
      { processes: [{ ...PROCESS, condition: 'starting', detail: 'Name another `readiness_probe.path`.' }] },
      'warning',
    ],
    ['process_down', { processes: [{ ...PROCESS, condition: 'failed' }] }, 'error'],
    ['process_without_key', { processes: [{ ...PROCESS, answersWithoutKey: true }] }, 'warning'],
    ['process_public', { processes: [{ ...PROCESS, publicAt: ['http://10.0.0.5:9100'] }] }, 'warning'],
    ['node_old', withHost({ nodeVersion: '20.20.2' }), 'note'],
    ['node_unsupported', withHost({ nodeVersion: '20.18.0' }), 'error'],
    ['clock_wrong', withHost({ nowMs: 0 }), 'error'],
    ['clock_behind', { keys: keysOf({ newestChangeAt: NOW + 301 }) }, 'error'],
    ['open_files', withHost({ openFiles: 1024 }), 'warning'],
    ['config_writable', withHost({ configFile: { path: '/k.yaml', mode: 0o664, ownerId: 0 } }), 'error'],
    ['config_owner', withHost({ configFile: { path: '/k.yaml', mode: 0o600, ownerId: 7 } }), 'warning'],
    ['data_directory_open', withDirectory({ mode: 0o755 }), 'error'],
    ['data_file_open', withDirectory({ mode: 0o755 }), 'error'],
    ['data_directory_owner', withDirectory({ ownerId: 7 }), 'error'],
    ['disk_space', withDirectory({ freeBytes: 1e6 }), 'error'],
    ['disk_space', withDirectory({ freeBytes: 5e8 }), 'warning'],
    [
      'certificate_unreadable',
      withHost({ certificates: [{ file: '/c.pem', validUntilMs: null, key: null }] }),
      'error',
    ],
    ['certificate_expired', withHost({ certificates: [{ file: '/c.pem', validUntilMs: NOW_MS, key: null }] }), 'error'],
    [
      'certificate_expiring',
      withHost({ certificates: [{ file: '/c.pem', validUntilMs: NOW_MS + 86_400_000, key: null }] }),
      'warning',
    ],
    [
      'certificate_key_open',
      withHost({
        certificates: [{ file: '/c.pem', validUntilMs: NOW_MS * 2, key: { path: '/k.pem', mode: 0o644, ownerId: 0 } }],
      }),
      'error',
    ],
    ['configuration', { warnings: ['The alias a is not used.'] }, 'warning'],
    ['reload_failed', { lastReload: { ok: false, faults: ['line 3: unknown member'] } }, 'error'],
    ['plain_http', withConfig({ listeners: [{ listen: '0.0.0.0:5390', serve: ['api'] }] }), 'warning'],
    [
      'admin_plain_http',
      withConfig({ listeners: [{ listen: '[::]:5390', serve: ['admin'] }], admin: { allow_plain_http: true } }),
      'error',
    ],
    ['local_networks', withConfig({ auth: { local_networks: ['127.0.0.1/32'] } }), 'warning'],
    ['local_networks', withConfig({ auth: { local_networks: ['0.0.0.0/0'] } }), 'error'],
    ['trusted_proxies', withConfig({ trusted_proxies: ['::/0'] }), 'error'],
    ['weakening_switch', withConfig({ auth: { failures_per_minute: null } }), 'warning'],
    ['weakening_switch', withConfig({ cors: { allow_origins: ['*'] } }), 'warning'],
    ['weakening_switch', withConfig({ keys: { self_service: ['derive'] } }), 'warning'],
    ['upstream_plain_http', withConfig({ upstreams: [{ url: 'http://10.0.0.5:8000', api_key: 'k' }] }), 'warning'],
    ['no_keys', { keys: keysOf({ active: 0, newestChangeAt: null }) }, 'note'],
    ['many_admins', { keys: keysOf({ active: 6, admins: ['1', '2', '3', '4', '5', '6'] }) }, 'warning'],
    ['keys_without_expiry', { keys: keysOf({ endless: ['laptop'] }) }, 'note'],
    ['keys_unused', { keys: keysOf({ unused: ['laptop'] }) }, 'note'],
    ['keys_expiring', { keys: keysOf({ expiring: ['laptop'] }) }, 'note'],
    ['limit_too_small', withConfig({ limits: { tokens_per_minute: 1024 } }), 'note'],
    ['limit_too_small', withConfig({ owners: { alice: { tokens_per_minute: 500 } } }), 'note'],
    ['owner_without_keys', withConfig({ owners: { alise: { requests_per_day: 5 } } }), 'note'],
    [
      'ledger_days_short',
      withConfig({ usage: { ledger_days: 7 }, limits: { models: { m: { tokens_per_month: 5 } } } }),
      'warning',
    ],
    [
      'queue_silent',
      withConfig({
        models: { m: { replicas: [{ url: 'http://127.0.0.1:1' }], queue: { heartbeat_after_seconds: null } } },
      }),
      'warning',
    ],
    ['ledger_dropped', { ledger: { waiting: 0, dropped: 1 } }, 'error'],
    ['ledger_behind', { ledger: { waiting: 2000, dropped: 0 } }, 'warning'],
    ['metrics_plain_http', withConfig({ listeners: [{ listen: '0.0.0.0:9100', serve: ['metrics'] }] }), 'warning'],
    ['public_url_plain', withConfig({ public_url: 'http://models.example.org' }), 'warning'],
    ['proxy_not_trusted', withConfig({ public_url: 'https://models.example.org' }), 'warning'],
    ['audit_broken', { audit: { intact: false, entries: 3, brokenAt: 2, head: 'a', notProven: [] } }, 'error'],
    ['store_settings', { store: { journalMode: 'wal', synchronous: 1 } }, 'error'],
    ['request_log_dropped', { requestLogDropped: 3 }, 'warning'],
  ])('%s', (check, change, severity) => {
    const findings = runChecks({ ...GOOD, ...change });
    expect(findings).toContainEqual({
      check,
      severity,
      finding: expect.stringMatching(/\S/),
      cure: expect.stringMatching(/\S/),
    });
  });

  it.each<[string, Partial<DoctorFacts>]>([
    [
      'while it starts',
      { processes: [{ ...PROCESS, condition: 'starting', detail: 'It refuses its private key at /v1/models.' }] },
    ],
    [
      'while it runs',
      { upstreams: [{ ...down, url: PROCESS.url ?? '', state: 'up', detail: 'refuses the key: correct `api_key`' }] },
    ],
  ])('a started process that refuses its private key is told how to take it, and of no `api_key`: %s', (_, change) => {
    const findings = runChecks({ ...GOOD, ...change });
    expect(findings).toEqual([
      {
        check: 'process_key',
        severity: 'error',
        finding: expect.stringContaining('m-0'),
        cure: expect.stringMatching(/^Give it its private key through `env`/),
      },
    ]);
    expect(JSON.stringify(findings)).not.toContain('`api_key`');
  });

  it('a started process that is down is named once, as what it is', () => {
    const findings = runChecks({
      ...GOOD,
      upstreams: [...GOOD.upstreams, { ...down, url: PROCESS.url ?? '' }],
      processes: [{ ...PROCESS, condition: 'failed', detail: 'It ended with exit code 1.' }],
    });
    expect(findings.map(({ check }) => check)).toEqual(['process_down']);
  });

  it('a started process that still loads is no fault, and nobody is told to start another server', () => {
    const loading = { ...PROCESS, condition: 'starting', detail: 'It says at /health that it is not ready yet.' };
    expect(runChecks({ ...GOOD, upstreams: [], processes: [loading] })).toEqual([]);
  });

  it('the worst comes first', () => {
    const order = runChecks({
      ...GOOD,
      ...withHost({ nodeVersion: '20.20.2' }),
      exposed: [{ finding: 'a', cure: 'b' }],
      requestLogDropped: 1,
    }).map(({ severity }) => severity);
    expect(order).toEqual(['error', 'warning', 'note']);
  });

  it('a key that stays on this machine may travel without TLS', () => {
    for (const url of [
      'http://127.0.0.1:8000',
      'http://localhost:8000',
      'http://[::1]:8000',
      'https://10.0.0.5:8000',
    ]) {
      expect(runChecks({ ...GOOD, ...withConfig({ upstreams: [{ url, api_key: 'k' }] }) })).toEqual([]);
    }
  });

  it('where no gateway runs nothing is said about model servers', () => {
    const checks = runChecks({ ...GOOD, gatewayRuns: false, upstreams: [], processes: [] }).map(({ check }) => check);
    expect(checks).toEqual(['gateway_down']);
  });

  it('what is not known is not judged', () => {
    const host = { ...HOST, userId: null, openFiles: null, configFile: null, dataDirectory: null, certificates: [] };
    expect(runChecks({ ...GOOD, host, keys: null, audit: null, store: null, lastReload: null })).toEqual([]);
  });
});
