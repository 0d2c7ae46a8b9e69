import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CliWorld } from '../cli/cli-world.js';

interface Body {
  files: { format: string; fields: { field: string; verdict: string; why: string }[] }[];
  keys: { found: number; imported: number; known: number };
  configuration: string | null;
}

const STRONG = 'sk-7fQ2mLx0Zr9TnWc4Vb8KpYs1';
const SECRET_KEY = 'sk-upstream-4kJd93mfQpZx77';
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const AUTH = '  auth:\n    provider_config: {type: github_token}\n';

describe('importing from other systems', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.make();
  });
  afterEach(() => world.remove());

  const put = async (name: string, text: string): Promise<string> => {
    const file = join(world.home, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  /** Imports a file, and checks what holds for every file: nothing changed, no secret told, the configuration is right. */
  const taken = async (name: string, text: string, secrets: readonly string[], env: Record<string, string> = {}) => {
    const file = await put(name, text);
    const { out, code, err } = await world.here(['import', file, '--json']);
    expect([code, err]).toEqual([0, '']);
    for (const secret of secrets) expect(out).not.toContain(secret);
    expect(await readFile(file, 'utf8')).toBe(text);
    const body = JSON.parse(out) as Body;
    const configuration = body.configuration === null ? {} : (parse(body.configuration) as Record<string, unknown>);
    if (body.configuration !== null) {
      const checked = await world.run(['check', await put('keyporter-new.yaml', body.configuration)], { env });
      expect(checked).toMatchObject({ code: 0, err: '' });
    }
    const fields = new Map(body.files[0]?.fields.map(({ field, verdict, why }) => [field, `${verdict}: ${why}`]));
    return { body, configuration, verdict: (field: string) => fields.get(field) ?? '' };
  };
  const works = async (secret: string): Promise<number> => {
    const gateway = await world.serve('--upstream', 'http://127.0.0.1:9');
    const { status } = await fetch(`${gateway.url}/me`, { headers: { authorization: `Bearer ${secret}` } });
    gateway.signal('SIGTERM');
    await gateway.ended;
    return status;
  };

  it('LiteLLM: servers of your own become replicas, providers are refused, and secrets become references', async () => {
    const yaml = `model_list:
  - model_name: qwen
    litellm_params: {model: openai/Qwen/Qwen3-8B, api_base: "http://10.0.0.5:8000/v1", api_key: os.environ/QWEN_KEY}
  - model_name: qwen
    litellm_params: {model: openai/Qwen/Qwen3-8B, api_base: "http://10.0.0.6:8000/v1", rpm: 10}
  - model_name: llama
    litellm_params: {model: ollama/llama3, api_base: "http://127.0.0.1:11434", api_key: ${SECRET_KEY}}
  - model_name: claude
    litellm_params: {model: anthropic/claude-3, api_key: ${SECRET_KEY}}
general_settings: {master_key: ${SECRET_KEY}}
`;
    const { configuration, verdict } = await taken('config.yaml', yaml, [SECRET_KEY], { QWEN_KEY: 'k' });
    expect(configuration).toEqual({
      models: {
        qwen: {
          upstream_model: 'Qwen/Qwen3-8B',
          replicas: [{ url: 'http://10.0.0.5:8000/v1', api_key: '${QWEN_KEY}' }, { url: 'http://10.0.0.6:8000/v1' }],
        },
        llama: { engine: 'ollama', upstream_model: 'llama3', replicas: [{ url: 'http://127.0.0.1:11434' }] },
      },
    });
    expect(verdict('model_list[3] (claude)')).toContain('refused');
    expect(verdict('model_list[1].litellm_params.rpm')).toContain('refused');
    expect(verdict('general_settings.master_key')).toContain('refused');
  });

  it('LiteLLM: keys are taken by their SHA-256 from CSV and JSON, and their holders go on', async () => {
    const csv = `token,key_alias,models,user_id,expires,blocked,max_budget,rpm_limit,tpm_limit\n${digest(STRONG)},"laptop, blue","{gpt-4o,""qwen""}",alice,2099-01-02 03:04:05,f,10,60,100000\n${digest('other')},,{all-proxy-models},,,t,,,\n${digest('third')},third,,,,f,,0.5,\n`;
    const { body, verdict } = await taken('keys.csv', csv, [STRONG, digest(STRONG)]);
    expect(body.keys).toEqual({ found: 3, imported: 3, known: 0 });
    expect(verdict('max_budget')).toContain('no prices');
    expect(verdict('rpm_limit')).toContain('taken: 2 keys had it; limits.requests_per_minute');
    expect(verdict('row 3')).toContain('its rpm_limit is no whole number from 1; imported disabled');
    const listed = (await world.here(['keys', 'list', '--json'])).json()['data'] as Record<string, unknown>[];
    expect(listed.find(({ name }) => name === 'laptop, blue')).toMatchObject({
      owner: 'alice',
      models: ['gpt-4o', 'qwen'],
      expires_at: Date.UTC(2099, 0, 2, 3, 4, 5) / 1000,
      limits: { requests_per_minute: 60, tokens_per_minute: 100_000 },
      state: 'active',
    });
    expect(listed.find(({ name }) => name === 'third')).toMatchObject({ limits: {}, state: 'disabled' });
    expect(listed.find(({ name }) => name === 'litellm-2')).toMatchObject({ models: [], state: 'disabled' });
    const json = JSON.stringify([{ token: digest(STRONG), key_alias: 'again' }]);
    expect((await taken('keys.json', json, [])).body.keys).toEqual({ found: 1, imported: 0, known: 1 });
    expect(await works(STRONG)).toBe(200);
  });

  it('llama-swap: commands are started by Keyporter on ports of their own, and its keys go on', async () => {
    const yaml = `healthCheckTimeout: 60
apiKeys: [${STRONG}]
macros: {bin: llama-server --threads 4}
models:
  qwen:
    cmd: |
      \${bin}
      -m qwen.gguf --port \${PORT}
    aliases: [gpt-4o-mini]
    env: ["HF_TOKEN=${SECRET_KEY}", "A=b"]
    checkEndpoint: /health
    concurrencyLimit: 4
    ttl: 60
  remote: {proxy: "http://127.0.0.1:9999", concurrencyLimit: 0.5}
`;
    const { configuration, verdict, body } = await taken('config.yaml', yaml, [STRONG, SECRET_KEY], { HF_TOKEN: 'x' });
    expect(configuration['models']).toEqual({
      qwen: {
        aliases: ['gpt-4o-mini'],
        max_in_flight: 4,
        command: 'llama-server --threads 4 -m qwen.gguf --port {port}',
        env: { HF_TOKEN: '${HF_TOKEN}', A: 'b' },
        readiness_probe: { path: '/health', startup_grace_seconds: 60 },
      },
      remote: { replicas: [{ url: 'http://127.0.0.1:9999' }] },
    });
    expect(verdict('models.qwen.ttl')).toContain('refused');
    expect(verdict('models.qwen.concurrencyLimit')).toContain('taken: max_in_flight');
    expect(verdict('models.remote.concurrencyLimit')).toContain('refused: is no whole number');
    expect(body.keys.imported).toBe(1);
    expect(await works(STRONG)).toBe(200);
  });

  it.each([
    [
      'the first generation',
      'auth: {endpoint: "https://a.example/validate"}',
      { type: 'delegated', endpoint: 'https://a.example/validate', contract: 'llama-stack-1626' },
    ],
    [
      'a type beside its settings',
      'auth: {provider_type: custom, config: {endpoint: "https://a.example/validate"}}',
      { type: 'delegated', endpoint: 'https://a.example/validate', contract: 'ogx' },
    ],
    [
      'kubernetes',
      'auth: {provider_config: {type: kubernetes, api_server_url: "https://k.example", ca_cert_path: CA}}',
      { type: 'kubernetes', api_server_url: 'https://k.example' },
    ],
    [
      'a token of OAuth',
      'auth: {provider_config: {type: oauth2_token, issuer: "https://i.example", audience: stack, jwks: {uri: "https://i.example/jwks"}}}',
      { type: 'jwt', issuer: 'https://i.example', audience: 'stack', jwks_uri: 'https://i.example/jwks' },
    ],
    [
      'introspection',
      'auth: {provider_config: {type: oauth2_token, introspection: {url: "https://i.example/x", client_id: me, client_secret: SECRET}}}',
      { type: 'introspection', url: 'https://i.example/x', client_id: 'me', client_secret: '${INTROSPECTION_SECRET}' },
    ],
  ])('Llama Stack: %s of server.auth becomes a provider', async (_name, auth, expected) => {
    const yaml = `version: 2\nimage_name: starter\nproviders:\n  inference:\n  - provider_id: vllm\n    provider_type: remote::vllm\n    config: {url: "\${env.VLLM_URL:=http://127.0.0.1:8000/v1}", api_token: "\${env.VLLM_TOKEN:=fake}"}\nserver:\n  port: 8321\n  ${auth.replace('SECRET', SECRET_KEY).replace(', ca_cert_path: CA', '')}\n`;
    const { configuration, verdict } = await taken('run.yaml', yaml, [SECRET_KEY], { INTROSPECTION_SECRET: 'x' });
    expect(configuration).toMatchObject({
      listeners: [{ listen: '127.0.0.1:8321', profile: 'llama-stack' }],
      auth: { providers: [expected] },
      upstreams: [{ url: '${VLLM_URL:-http://127.0.0.1:8000/v1}', api_key: '${VLLM_TOKEN:-fake}' }],
    });
    expect(verdict('image_name')).toContain('refused');
  });

  it('Llama Stack: origins go on, and no secret of an address, a default or a provider is copied', async () => {
    const yaml = `version: '2'
providers:
  inference:
    - {provider_type: remote::vllm, config: {url: "http://me:${SECRET_KEY}@h:8000/v1", api_token: "\${env.T:=${SECRET_KEY}}"}}
    - {provider_type: remote::vllm, config: {url: "\${env.V:=http://me:${SECRET_KEY}@h:8001/v1}"}}
server:
  port: 8321
  cors: {allow_origins: ["https://app.example.com", nonsense], allow_credentials: true}
  auth:
    provider_config: {type: custom, endpoint: "https://me:${SECRET_KEY}@a.example/validate?key=${SECRET_KEY}", retries: 3}
`;
    const { configuration, verdict } = await taken('run.yaml', yaml, [SECRET_KEY]);
    expect(configuration).toMatchObject({
      cors: { allow_origins: ['https://app.example.com'] },
      auth: { providers: [{ type: 'delegated', endpoint: 'https://a.example/validate' }] },
      upstreams: [{ url: 'http://h:8000/v1' }, { url: '${V:-http://h:8001/v1}' }],
    });
    expect(verdict('server.cors.allow_origins')).toBe('taken: cors.allow_origins');
    expect(verdict('server.cors.allow_credentials')).toContain('refused');
    expect(verdict('server.auth.provider_config.retries')).toContain('refused');
  });

  it('Llama Stack: route rules stay as they are, in their order', async () => {
    const yaml = `image_name: x\nserver:\n  auth:\n    provider_config: {type: github_token}\n    route_policy:\n    - permit: {paths: "/v1/chat*"}\n      when: user with admin in roles\n    - forbid: {paths: "*"}\n  quota: {authenticated_max_requests: 5}\nproviders: {}\n`;
    const { configuration, verdict } = await taken('run.yaml', yaml, []);
    expect(configuration['auth']).toEqual({
      providers: [{ type: 'github_token' }],
      route_policy: [{ permit: { paths: '/v1/chat*' }, when: 'user with admin in roles' }, { forbid: { paths: '*' } }],
    });
    expect(configuration['limits']).toEqual({ requests_per_day: 5 });
    expect(verdict('server.quota.authenticated_max_requests')).toContain('taken: limits.requests_per_day');
    expect(verdict('server.quota.anonymous_max_requests')).toContain('approximated');
  });

  it.each([
    ['{period: day}', '', { requests_per_day: 100 }, 'anonymous_max_requests', 'approximated'],
    ['{kvstore: {type: sqlite}}', AUTH, { requests_per_day: 1000 }, 'kvstore', 'refused'],
    ['{period: hour}', AUTH, undefined, 'period', 'refused'],
    ['{authenticated_max_requests: 0}', AUTH, undefined, 'authenticated_max_requests', 'refused'],
    [
      '{authenticated_max_requests: "${env.QUOTA:=7}"}',
      AUTH,
      { requests_per_day: '${QUOTA:-7}' },
      'anonymous_max_requests',
      'approximated',
    ],
  ])('Llama Stack: a quota %s is kept by day, or said not to be', async (quota, auth, limits, member, word) => {
    const yaml = `image_name: x\nserver:\n  port: 8321\n${auth}  quota: ${quota}\nproviders: {}\n`;
    const { configuration, verdict } = await taken('run.yaml', yaml, []);
    expect(configuration['limits']).toEqual(limits);
    expect(verdict(`server.quota.${member}`)).toContain(word);
  });

  it.each([
    ['a key file of llama.cpp', 'keys.txt', `${STRONG}\n\nsecond-key\n${STRONG}\n`, 2],
    ['a file of variables', 'vllm.env', `# vLLM\nexport VLLM_API_KEY="${STRONG}"\n`, 1],
    ['a configuration of vLLM', 'vllm.yaml', `model: Qwen/Qwen3-8B\nport: 8000\napi-key: [${STRONG}]\n`, 1],
  ])('%s: its keys go on', async (_name, file, text, count) => {
    const { body } = await taken(file, text, [STRONG, 'second-key']);
    expect(body.keys).toEqual({ found: count, imported: count, known: 0 });
    expect(await works(STRONG)).toBe(200);
  });

  it.each([
    ['an empty file', 'x.yaml', '\n', 'is empty'],
    ['a YAML of something else', 'x.yaml', 'services:\n  web: {image: nginx}\n', 'is none of the files'],
    ['JSON of something else', 'x.json', '{"a":1}', 'is none of the files'],
    ['an INI file of something else', 'x.ini', '[other]\na = b\n', 'is none of the files'],
    ['broken JSON of keys', 'api_keys.json', `{"valid_keys": ["${STRONG}"`, 'is no JSON object'],
  ])('%s ends the command, and nothing was imported', async (_name, name, text, told) => {
    const other = await put('good.txt', 'a-good-key\n');
    const { code, err, out } = await world.here(['import', other, await put(name, text)]);
    expect([code, err, out]).toEqual([1, expect.stringContaining(told), '']);
    expect(err).not.toContain(STRONG);
    expect((await world.here(['keys', 'list'])).code).toBe(1);
  });

  it('llama-swap: no secret of a command, a variable or a URL is copied', async () => {
    const yaml = `macros: {srv: "llama-server --api-key ${SECRET_KEY}"}
models:
  a: {cmd: "\${srv} --port \${PORT} --hf-token hf_${SECRET_KEY} --max-tokens 9", env: ["BASE=http://me:${SECRET_KEY}@h"]}
  b: {cmd: "vllm serve b --port 9123 --api-key=${SECRET_KEY}", proxy: "http://127.0.0.1:9123"}
  c: {proxy: "http://me:${SECRET_KEY}@h:1/?key=${SECRET_KEY}"}
  d: {cmd: "server without a port"}
  e: 5
`;
    const env = { HF_TOKEN: 'x', BASE: 'x' };
    const { configuration, verdict } = await taken('config.yaml', yaml, [SECRET_KEY], env);
    const own = { LLAMA_API_KEY: '{api_key}', VLLM_API_KEY: '{api_key}' };
    expect(configuration['models']).toMatchObject({
      a: {
        command: 'llama-server --port {port} --hf-token ${HF_TOKEN} --max-tokens 9',
        env: { BASE: '${BASE}', ...own },
      },
      b: { command: 'vllm serve b --port {port}', env: own },
      c: { replicas: [{ url: 'http://h:1' }] },
    });
    expect(verdict('models.a.cmd --api-key')).toContain('approximated: is not copied');
    expect(verdict('models.d.cmd')).toContain('refused: has no ${PORT}');
    expect(verdict('models.e')).toContain('refused');
  });

  it('SkyServe: the key that clients share goes on as legacy-shared, from the file or the environment, and is not copied', async () => {
    const yaml = (value: string): string => `envs: {AUTH_TOKEN: ${value}}
service:
  readiness_probe:
    path: /v1/models
    headers: {Authorization: Bearer $AUTH_TOKEN, X-API-Key: ${SECRET_KEY}}
    post_data: {token: ${SECRET_KEY}, model: m}
  replicas: 1
resources: {ports: 8000}
run: vllm serve m --port 8000 --api-key $AUTH_TOKEN
`;
    const env = { AUTH_TOKEN: STRONG, PROBE_X_API_KEY: 'x', PROBE_TOKEN: 'y' };
    const { body, configuration, verdict } = await taken('auth.yaml', yaml(STRONG), [STRONG, SECRET_KEY], env);
    expect(body.keys).toEqual({ found: 1, imported: 1, known: 0 });
    expect(configuration['models']).toMatchObject({
      m: {
        replicas: [{ api_key: '${AUTH_TOKEN}' }],
        readiness_probe: {
          headers: { 'X-API-Key': '${PROBE_X_API_KEY}' },
          body: '{"token":"${PROBE_TOKEN}","model":"m"}',
        },
      },
    });
    expect(verdict('envs.AUTH_TOKEN')).toContain('taken');
    const again = await world.run(
      ['import', await put('auth.yaml', yaml('null')), '--data-dir', world.dataDir, '--json'],
      { env },
    );
    expect(JSON.parse(again.out)).toMatchObject({ keys: { found: 1, imported: 0, known: 1 } });
    const unknown = await world.here(['import', await put('auth.yaml', yaml('null'))]);
    expect(unknown.out).toMatch(/refused +envs.AUTH_TOKEN: has no value here/);
    expect(await works(STRONG)).toBe(200);
  }, 30_000);

  it('LiteLLM: what a key may not do here is not given to it, and every column is spoken of', async () => {
    const row = (name: string): string => digest(`${STRONG}${name}`);
    const csv = `token,key_alias,expires,allowed_routes,metadata,created_at
${row('a')},one,2030-01-01 00:00:00+00,,"{}",2024-05-06 07:08:09.123
${row('b')},two,,"[""/v1/embeddings""]","{""a"":1}",
nohash,three,,,,
${row('d')},four,someday,,,
`;
    const { body, verdict } = await taken('keys.csv', csv, []);
    expect(body.keys).toEqual({ found: 3, imported: 3, known: 0 });
    const listed = (await world.here(['keys', 'list', '--json'])).json()['data'] as Record<string, unknown>[];
    expect(Object.fromEntries(listed.map(({ name, ...key }) => [name, key]))).toMatchObject({
      one: { state: 'active', expires_at: 1_893_456_000, created_at: 1_714_979_289 },
      two: { state: 'disabled' },
      four: { state: 'disabled' },
    });
    expect(verdict('row 3')).toBe('refused: its token is no SHA-256');
    expect(verdict('metadata')).toContain('refused');
    expect(verdict('created_at')).toContain('taken');
  });

  it('key files: comments are no keys, llama.cpp lists several with commas, and short ones are warned of', async () => {
    const file = await taken('keys.txt', `# a comment\n${STRONG}\nshort\n`, [STRONG, 'short\n']);
    expect(file.body.keys).toEqual({ found: 2, imported: 2, known: 0 });
    expect(file.verdict('key 2')).toContain('approximated: has fewer than 20 characters');
    const env = `# mine\nOTHER=x y\nLLAMA_API_KEY=${STRONG},another-${STRONG} # two\nexport VLLM_API_KEY='third-${STRONG}' # one\n`;
    expect((await taken('.env', env, [STRONG])).body.keys).toEqual({ found: 3, imported: 2, known: 1 });
    expect(await works(`third-${STRONG}`)).toBe(200);
  }, 30_000);

  it('what is no text file is named for what it is', async () => {
    const utf16 = await put('keys.txt', '');
    await writeFile(utf16, Buffer.from('\ufeffa-key\n', 'utf16le'));
    expect((await world.here(['import', utf16])).err).toContain('is no UTF-8 text');
    expect((await world.here(['import', world.home])).err).toContain('is a directory');
    expect((await world.here(['import', '/dev/zero'])).err).toContain('is no regular file');
    const broken = await world.here(['import', await put('x.yaml', `model_list:\n  - "${STRONG}: [\n`)]);
    expect([broken.code, broken.err]).toEqual([1, expect.stringMatching(/cannot be read, at line \d/)]);
    expect(broken.err).not.toContain(STRONG);
  });

  it('a key of Keyporter is not taken for one of another system', async () => {
    const { code, err } = await world.here(['import', await put('keys.txt', 'kp_abcdefghijkl_not-a-key\n')]);
    expect([code, err]).toEqual([1, expect.stringContaining('only Keyporter makes those')]);
  });
});
