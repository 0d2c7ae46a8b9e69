import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.js';
import { loadConfig, type LoadedConfig, type LoadOutcome } from './load.js';

/** Every member of `keyporter.yaml`. `later: N` marks the lines of what is not yet available, with the number of faults. */
const WHOLE_EXAMPLE = `listeners:
  - { listen: 127.0.0.1:5390, serve: [api, admin, metrics] }
  - { listen: 127.0.0.1:5001, profile: authkeys }
  - { listen: 127.0.0.1:9001, profile: orchestra }
  - { listen: 127.0.0.1:8321, profile: llama-stack }
  - { listen: 127.0.0.1:5391, serve: [verify], verify_networks: [127.0.0.1/32] }
public_url: null
allowed_hosts: []
trusted_proxies: []
tls: { cert_file: null, key_file: null, client_ca_file: null, min_version: "1.2" }
cors: { allow_origins: [] }
server: { max_body_bytes: 33554432, max_connections: 20000, drain_seconds: 300, pre_stop_seconds: 0 }
admin: { allow_plain_http: false }
data_dir: null
database: sqlite
shared_state: null
max_stale_seconds: 900
identity_headers: false
auth:
  local_networks: []
  local_scopes: [infer]
  failures_per_minute: 20
  providers: []
  route_policy: []
keys: { default_scopes: [infer], default_expires: null, max_lifetime: null, require: [], self_service: [revoke] }
authkeys:  { max_body_bytes: 1048576, errors_as_200: false, accept_past_expiry: false, allow_scope_escalation: false, revoke_self_when_target_missing: false, bootstrap_root_when_empty: false }
orchestra: { keys_file: api_keys.json, allow_open: false, open_status: false, mask_worker_errors: false }
upstreams: [{ url: http://127.0.0.1:8080, api_key: null, engine: auto }]
default_model: null
unknown_model: refuse
models:
  qwen3:
    aliases: [gpt-4o-mini]
    engine: auto
    upstream_model: Qwen/Qwen3-8B
    restricted: false
    replicas:
      - { url: http://10.0.0.5:8000, api_key: "\${VLLM_KEY}", weight: 1, ca_file: null }
      - { dns: qwen.models.svc.cluster.local, port: 8000 }
    paths: { /v1/chat/completions: http://10.0.0.9:1234/v1/chat/completions }
    balance: least_load
    max_in_flight: 8
    queue: { max_waiting: 256, max_wait_seconds: 300, heartbeat_after_seconds: 15 }
    timeouts: { connect_ms: 2000, first_byte_seconds: 1800, idle_seconds: 120, total_seconds: 3600 }
    readiness_probe: { path: null, method: GET, headers: {}, body: null, interval_seconds: 10, timeout_seconds: 15, startup_grace_seconds: 1200 }
    fields: { deny: [], clamp: { n: 8, best_of: 8 } }
    media_urls: data_only
  gemma3:
    command: llama-server -m gemma3.gguf --port {port} --host 127.0.0.1
    processes: 2
    env: { LLAMA_API_KEY: "{api_key}" }
    ports: 9100-9199
    gpus: [0, 1]
    takeover_seconds: 10
  "*": { replicas: [{ url: http://127.0.0.1:1234 }] }
limits:
  requests_per_minute: null
  requests_per_day: null
  tokens_per_minute: null
  tokens_per_day: null
  tokens_per_month: null
  concurrent_requests: null
  gpu_seconds_per_day: null
  default_output_tokens: 1024
  weight: 1
  priority: normal
owners: { alice: { tokens_per_day: 2000000 } }
audit: { retention_days: 400, checkpoints: null }
usage: { request_log_days: 30, ledger_days: 400 }
logging: { level: info, format: auto }
metrics: { key_label: false }
tracing: { otlp_endpoint: null }
`;

/** The same, reduced to what is available. */
const AVAILABLE_EXAMPLE = `listeners:
  - { listen: 127.0.0.1:5390, serve: [api, admin, metrics] }
public_url: null
allowed_hosts: []
trusted_proxies: []
tls: { cert_file: null, key_file: null, client_ca_file: null, min_version: "1.2" }
cors: { allow_origins: [] }
server: { max_body_bytes: 33554432, max_connections: 20000, drain_seconds: 300, pre_stop_seconds: 0 }
admin: { allow_plain_http: false }
data_dir: null
database: sqlite
shared_state: null
identity_headers: false
auth:
  local_networks: []
  local_scopes: [infer]
  failures_per_minute: 20
  providers: []
  route_policy: []
keys: { default_scopes: [infer], default_expires: null, max_lifetime: null, require: [], self_service: [revoke] }
upstreams: [{ url: http://127.0.0.1:8080, api_key: null, engine: auto }]
default_model: null
unknown_model: refuse
models:
  qwen3:
    aliases: [gpt-4o-mini]
    engine: auto
    upstream_model: Qwen/Qwen3-8B
    restricted: false
    replicas:
      - { url: http://10.0.0.5:8000, api_key: "\${VLLM_KEY}", ca_file: null }
    paths: { /v1/chat/completions: http://10.0.0.9:1234/v1/chat/completions }
    timeouts: { connect_ms: 2000, first_byte_seconds: 1800, idle_seconds: 120, total_seconds: 3600 }
  "*": { replicas: [{ url: http://127.0.0.1:1234 }] }
limits: { requests_per_minute: 60, models: { qwen3: { concurrent_requests: 4 } } }
owners: { alice: { tokens_per_day: 2000000 } }
audit: { retention_days: 400, checkpoints: null }
usage: { request_log_days: 30, ledger_days: 400 }
logging: { level: info, format: auto }
metrics: { key_label: false }
tracing: { otlp_endpoint: null }
`;

function load(text: string): Promise<LoadOutcome> {
  return loadConfig({ text, env: { VLLM_KEY: 'sk-1' }, cwd: '/' });
}

async function loaded(text: string): Promise<LoadedConfig> {
  const outcome = await load(text);
  if (!outcome.ok) throw new Error(outcome.faults.map(({ message }) => message).join('\n'));
  return outcome.loaded;
}

describe('the example of the documents', () => {
  it('loads when it is reduced to what is available, with no word about it', async () => {
    const { config, warnings } = await loaded(AVAILABLE_EXAMPLE);
    expect(config.models.qwen3?.replicas[0]?.api_key).toBeInstanceOf(Secret);
    expect(config.models.qwen3).toMatchObject({ aliases: ['gpt-4o-mini'], upstream_model: 'Qwen/Qwen3-8B' });
    expect(config.models['*']?.replicas[0]?.url).toBe('http://127.0.0.1:1234');
    expect(warnings).toEqual([]);
  });

  it('has exactly the faults of what is not yet available, each in its line', async () => {
    const outcome = await load(WHOLE_EXAMPLE);
    const told = outcome.ok ? [] : outcome.faults.map(({ line, message }) => `${line}: ${message}`);
    const expected = WHOLE_EXAMPLE.split('\n').flatMap((line, index) => {
      const count = Number(/# later: (\d)/.exec(line)?.[1] ?? 0);
      return Array.from({ length: count }, () => index + 1);
    });
    expect(told.map((fault) => Number(fault.split(':', 1)[0]))).toEqual(expected);
    expect(told.filter((fault) => !fault.includes('not yet available in this version'))).toEqual([]);
  });
});
